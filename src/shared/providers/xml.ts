/** The answers of AWS's older services, which are XML. */
import { Parser } from "htmlparser2";

const MOST_CHARS = 100_000;
const MOST_TEXTS = 200;

/**
 * The texts of a document by where they stand, such as `PublishResponse/PublishResult/MessageId`; the first one where a
 * place occurs twice. Empty for what is no such document. Nothing of it is followed or expanded.
 */
export function xmlTexts(body: string): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const path: string[] = [];
  let text = "";
  const parser = new Parser(
    {
      onopentag(name) {
        path.push(name);
        text = "";
      },
      ontext(piece) {
        text += piece;
      },
      onclosetag() {
        const place = path.join("/");
        if (text.trim() !== "" && !texts.has(place) && texts.size < MOST_TEXTS) texts.set(place, text.trim());
        path.pop();
        text = "";
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(body.slice(0, MOST_CHARS));
  return texts;
}
