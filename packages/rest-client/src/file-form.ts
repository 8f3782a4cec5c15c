import { randomUUID } from "node:crypto";
import type { StreamedBody } from "./message.js";

/** A form (`multipart/form-data`, RFC 7578) that is streamed from its file. */
export interface FileForm {
  /** The `Content-Type` of the body. */
  readonly contentType: string;
  readonly body: StreamedBody;
}

/** Returns a form with one file in the field `name`. */
export function fileForm(name: string, file: Blob, filename: string): FileForm {
  const boundary = `tidegate-${randomUUID()}`;
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="${quoted(name)}"; filename="${quoted(filename)}"\r\n` +
      "content-type: application/octet-stream\r\n\r\n",
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: {
      length: head.length + file.size + tail.length,
      chunks: async function* () {
        yield head;
        yield* file.stream();
        yield tail;
      },
    },
  };
}

/** Quotes as browsers do (WHATWG HTML, multipart form data). */
function quoted(text: string): string {
  return text.replaceAll("\r", "%0D").replaceAll("\n", "%0A").replaceAll('"', "%22");
}
