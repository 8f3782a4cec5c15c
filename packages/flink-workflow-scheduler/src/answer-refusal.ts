import { answerRefusal } from "@tidegate/manager/http-kit";
import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Sends any error in the only form that Flink's client recognizes and shows to whoever typed the statement:
 * an object with only `errors`.
 */
export function answerFlink(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  answerRefusal(error, request, reply, ({ message, code }) => ({ errors: [`${message} (${code})`] }));
}
