import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { bodyOf, type ErrorBody } from "./answer-error.js";

const JSON_TYPE = "application/json; charset=utf-8";

/** An error of Node's HTTP parser, reduced to its code. */
export interface ConnectionError extends Error {
  readonly code?: string;
}

/** Answers what never became a request in the same form as other errors, and closes the connection. */
export function answerConnectionError(error: ConnectionError, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy(error);
    return;
  }
  const { statusCode, body } = refusalOf(error);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
    `content-type: ${JSON_TYPE}`,
    `content-length: ${Buffer.byteLength(text)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`, () => socket.destroy());
}

/** Answers a request with an `Expect` header that Node cannot meet. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const { body } = refusal(417, "REQUEST_INVALID", "expect: only 100-continue can be met.");
  const text = JSON.stringify(body);
  const headers = {
    "content-type": JSON_TYPE,
    "content-length": Buffer.byteLength(text),
    connection: "close",
  };
  response.writeHead(417, headers).end(text);
}

function refusalOf({ code }: ConnectionError): { statusCode: number; body: ErrorBody } {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return refusal(408, "REQUEST_TIMED_OUT", "The request took too long to arrive.");
  }
  if (code === "HPE_HEADER_OVERFLOW") {
    return refusal(431, "REQUEST_INVALID", "The path and the headers are too long.");
  }
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW") {
    return refusal(413, "REQUEST_INVALID", "The extensions of a chunk are too long.");
  }
  return refusal(400, "REQUEST_INVALID", "This is not HTTP/1.1.");
}

function refusal(statusCode: number, code: ErrorBody["error"]["code"], message: string) {
  return { statusCode, body: bodyOf({ code, message, field: undefined }) };
}
