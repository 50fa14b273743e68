import { describe, expect, it } from "vitest";
import {
  contentDisposition,
  dispositionFilename,
  isExecutable,
  mediaType,
  safeFilename,
  startsLikeProgram,
} from "./attachment.ts";

describe("safeFilename", () => {
  it.each([
    ["a.pdf", "a.pdf"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\a\\b.pdf", "b.pdf"],
    ["exe.\u202egpj", "exe.gpj"],
    ["a\r\nb.pdf", "ab.pdf"],
    ["evil.exe. . ", "evil.exe"],
    ["...hidden", "hidden"],
    ['a"<b>.txt', "a__b_.txt"],
    ["Ré\u0301sumé 1.pdf", "Ré\u0301sumé 1.pdf".normalize("NFC")],
    ["..", ""],
    ["/", ""],
    [`${"x".repeat(300)}.pdf`, `${"x".repeat(196)}.pdf`],
  ])("takes %j for %j", (given, expected) => {
    expect(safeFilename(given)).toBe(expected);
  });
});

describe("executables", () => {
  it("are known by extension, by type and by their first bytes", () => {
    for (const name of ["a.exe", "invoice.pdf.EXE", "a.js", "a.ps1", "a.lnk", "a.jar"])
      expect(isExecutable(name, "application/pdf"), name).toBe(true);
    for (const type of ["application/x-msdownload", "application/x-sh"]) expect(isExecutable("a.pdf", type)).toBe(true);
    for (const name of ["a.pdf", "exe", "a.docx", "a.zip", "a.png", "a.ics", "a.exe.pdf"])
      expect(isExecutable(name, "application/pdf"), name).toBe(false);
    expect(startsLikeProgram(new TextEncoder().encode("MZ\u0090"))).toBe(true);
    expect(startsLikeProgram(new Uint8Array([0x7f, 0x45, 0x4c, 0x46]))).toBe(true);
    expect(startsLikeProgram(new Uint8Array([0xcf, 0xfa, 0xed, 0xfe]))).toBe(true);
    expect(startsLikeProgram(new TextEncoder().encode("#!/bin/sh"))).toBe(true);
    expect(startsLikeProgram(new TextEncoder().encode("%PDF-1.7"))).toBe(false);
    expect(startsLikeProgram(new Uint8Array())).toBe(false);
  });
});

describe("mediaType", () => {
  it("keeps what a mail client needs, and drops the rest", () => {
    expect(mediaType('Text/Plain;charset=UTF-8; name="x"')).toBe("text/plain; charset=utf-8");
    expect(mediaType("text/calendar; method=REQUEST; boundary=x")).toBe("text/calendar; method=request");
    expect(isExecutable("a", "application/x-sh; charset=utf-8")).toBe(true);
    expect(mediaType("image/svg+xml")).toBe("image/svg+xml");
    for (const bad of ["", "text", "text/", "a b/c", "text/plain\r\nx: y", `a/${"b".repeat(100)}`])
      expect(mediaType(bad)).toBeNull();
  });
});

describe("Content-Disposition", () => {
  it.each(["a.pdf", "Bericht (März) 2026.pdf", `quo"te%.txt`, "日本.pdf", "a'b*.txt"])(
    "says %j so that it is read back",
    (name) => {
      const header = contentDisposition(name);
      expect(header).toMatch(/^[\x20-\x7e]+$/);
      expect(header.startsWith("attachment;")).toBe(true);
      expect(dispositionFilename(header)).toBe(name);
    },
  );

  it("is read in its other forms", () => {
    expect(dispositionFilename("attachment; filename=a.pdf")).toBe("a.pdf");
    expect(dispositionFilename('form-data; name="x"; filename="a \\"b\\".pdf"')).toBe('a "b".pdf');
    expect(dispositionFilename("attachment; filename*=UTF-8''%E4%zz")).toBeNull();
    expect(dispositionFilename("inline")).toBeNull();
  });
});
