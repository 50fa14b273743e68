/** A message as DATA carries it. */

const [CR, LF, DOT, NUL] = [13, 10, 46, 0];

/**
 * Every line ends with CR LF and with nothing else, so that nobody finds another end of the message in it (a bare CR or LF
 * is one to some servers), and a dot that begins a line is doubled (RFC 5321 4.5.2). The dot that ends it is not in it.
 */
export function dataOf(message: Uint8Array): Uint8Array {
  const data = new Uint8Array(write(message, null));
  write(message, data);
  return data;
}

/** Writes it into `out`, where there is one, and answers how many bytes it has. */
function write(message: Uint8Array, out: Uint8Array | null): number {
  let length = 0;
  const put = (byte: number): void => {
    if (out !== null) out[length] = byte;
    length += 1;
  };
  let isLineStart = true;
  let before = NUL;
  for (let i = 0; i < message.length; i++) {
    const byte = message[i] ?? NUL;
    if (byte !== NUL && !(byte === LF && before === CR)) {
      const isEnd = byte === CR || byte === LF;
      if (isEnd) put(CR);
      if (isLineStart && byte === DOT) put(DOT);
      put(isEnd ? LF : byte);
      isLineStart = isEnd;
    }
    if (byte !== NUL) before = byte;
  }
  if (!isLineStart) {
    put(CR);
    put(LF);
  }
  return length;
}
