import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpError } from "./errors/http-error.js";

/** The version of the REST interface: another one may understand requests, or answer, differently. */
export const API_VERSION = "1";

/** The header with the version, in answers, and in requests that depend on it. */
const HEADER = "tidegate-api";

/** Says in an answer which version it has, and refuses requests for another one. @throws HttpError REQUEST_INVALID */
export async function checkVersion({ headers }: FastifyRequest, reply: FastifyReply): Promise<void> {
  reply.header(HEADER, API_VERSION);
  const wanted = headers[HEADER];
  if (wanted === undefined || wanted === API_VERSION) return;
  throw new HttpError(
    400,
    "REQUEST_INVALID",
    `${HEADER}: this manager has version ${API_VERSION} of the API, and the request is for version ${JSON.stringify(wanted)}.`,
    { field: HEADER },
  );
}
