/** What may be attached, and under which name. */

export const MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024;
/** All attachments of one message together, as they are stored. */
export const MAX_MESSAGE_ATTACHMENT_BYTES = 25 * 1024 * 1024;
export const MAX_ATTACHMENTS = 20;

/** What runs when it is opened: mail providers refuse these too (Gmail's and Outlook's lists). */
const EXECUTABLE_EXTENSIONS = new Set(
  (
    "ade adp app appimage application apk appx appxbundle asp aspx bas bat cab cer chm cmd cnt com cpl crt csh der deb diagcab diagcfg " +
    "dll dmg elf ex ex_ exe fxp gadget grp hlp hpj hta htc img inf ins iso isp its jar jnlp js jse ksh lib lnk mad maf mag mam maq mar " +
    "mas mat mau mav maw mcf mda mdb mde mdt mdw mdz mjs msc msh msh1 msh2 mshxml msi msix msixbundle msp mst msu nsh ops osd out pcd " +
    "pif pkg pl plg prf prg printerexport ps1 ps1xml ps2 ps2xml psc1 psc2 psd1 psdm1 psm1 pst py pyc pyo pyw pyz pyzw reg rpm run scf " +
    "scr sct settingcontent-ms sh shb shs so sys theme tmp udl url vb vbe vbp vbs vhd vhdx vsmacros vsw vxd webpnp website workflow ws " +
    "wsb wsc wsf wsh xbap xll xnk"
  ).split(" "),
);

const EXECUTABLE_TYPES = new Set([
  "application/bat",
  "application/hta",
  "application/java-archive",
  "application/javascript",
  "application/vnd.android.package-archive",
  "application/vnd.microsoft.portable-executable",
  "application/x-apple-diskimage",
  "application/x-bat",
  "application/x-csh",
  "application/x-dosexec",
  "application/x-elf",
  "application/x-executable",
  "application/x-iso9660-image",
  "application/x-java-archive",
  "application/x-javascript",
  "application/x-mach-binary",
  "application/x-ms-dos-executable",
  "application/x-ms-installer",
  "application/x-ms-shortcut",
  "application/x-msdos-program",
  "application/x-msdownload",
  "application/x-msi",
  "application/x-powershell",
  "application/x-sh",
  "application/x-sharedlib",
  "application/x-shellscript",
  "text/javascript",
  "text/vbscript",
  "text/x-sh",
  "text/x-shellscript",
]);

// Control characters, and marks that turn the reading direction so that `gpj.exe` looks like `exe.jpg`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is for
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The last part of a path without what cannot stand in a file's name, at most 200 characters; empty where nothing is left. */
export function safeFilename(name: string): string {
  const base = name.replace(INVISIBLE, "").split(/[/\\]/).at(-1) ?? "";
  const clean = base
    .replace(/[<>:"|?*]/g, "_")
    .replace(/^[\s.]+|[\s.]+$/g, "")
    .normalize("NFC");
  if (clean.length <= 200) return clean;
  const dot = clean.lastIndexOf(".");
  const extension = dot > 0 && clean.length - dot <= 20 ? clean.slice(dot) : "";
  return clean.slice(0, 200 - extension.length).replace(/[\ud800-\udbff]$/, "") + extension;
}

/** The type in lower case, with the parameters that a mail client needs (charset, method); null for what is no type. */
export function mediaType(contentType: string): string | null {
  const [bare = "", ...parameters] = contentType.split(";").map((part) => part.trim().toLowerCase());
  if (!/^[a-z0-9!#$&^_.+-]{1,60}\/[a-z0-9!#$&^_.+-]{1,80}$/.test(bare)) return null;
  return [bare, ...parameters.filter((parameter) => /^(charset|method)=[a-z0-9_.:-]{1,40}$/.test(parameter))].join("; ");
}

/** By the name or by the type that the uploader gives. */
export function isExecutable(filename: string, type: string): boolean {
  const extension = filename.slice(filename.lastIndexOf(".") + 1).toLowerCase();
  const bare = type.split(";", 1)[0] ?? "";
  return EXECUTABLE_TYPES.has(bare) || (filename.includes(".") && EXECUTABLE_EXTENSIONS.has(extension));
}

/** By its first bytes, whatever it is called: Windows, Linux and macOS programs, and scripts that name their interpreter. */
export function startsLikeProgram(bytes: Uint8Array): boolean {
  const [a, b, c, d] = bytes;
  if (a === 0x4d && b === 0x5a) return true;
  if (a === 0x7f && b === 0x45 && c === 0x4c && d === 0x46) return true;
  if (a === 0x23 && b === 0x21) return true;
  const magic = (((a ?? 0) << 24) | ((b ?? 0) << 16) | ((c ?? 0) << 8) | (d ?? 0)) >>> 0;
  return magic === 0xfeedface || magic === 0xfeedfacf || magic === 0xcefaedfe || magic === 0xcffaedfe;
}

/** RFC 6266: a plain name for old clients, and the name itself in UTF-8. Always a download. */
export function contentDisposition(filename: string): string {
  const ascii = filename.replace(/[^\x20-\x7e]|["\\%]/g, "_");
  const encoded = encodeURIComponent(filename.toWellFormed()).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}

/** The file's name in a Content-Disposition header; null where it has none. */
export function dispositionFilename(header: string): string | null {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      return null;
    }
  }
  const quoted = /;\s*filename\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(header)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, "$1");
  return /;\s*filename\s*=\s*([^;\s"]+)/i.exec(header)?.[1] ?? null;
}
