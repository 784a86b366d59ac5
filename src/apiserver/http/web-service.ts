import { StatusError } from "../../api/status.ts";
import type { HttpExchange } from "./http-exchange.ts";

/** Refuses all but a GET of this type. Upstream: go-restful's detectRoute, whose errors server/handler.go answers as a Status */
export function requireGet(exchange: HttpExchange, produces: string): void {
  if (exchange.method !== "GET") throw methodNotAllowed();
  const accepted = (exchange.accept || "*/*").split(",").map((each) => each.split(";")[0]?.trim());
  if (accepted.some((each) => each === "*/*" || each === produces)) return;
  const message = `406: Not Acceptable\n\nAvailable representations: ${produces}`;
  throw new StatusError({ code: 406, reason: "NotAcceptable", message, details: {} });
}

export function methodNotAllowed(): StatusError {
  const message = "the server does not allow this method on the requested resource";
  return new StatusError({ code: 405, reason: "MethodNotAllowed", message, details: {} });
}

/** For paths and groups that nobody claims. Upstream: apiserver/pkg/util/notfoundhandler */
export function sendPageNotFound(exchange: HttpExchange): void {
  exchange.sendText(404, "404 page not found\n", { "X-Content-Type-Options": "nosniff" });
}
