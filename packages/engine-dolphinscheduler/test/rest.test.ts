import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "@jest/globals";
import { settingsOf } from "../src/options.js";
import { DolphinRest } from "../src/rest/dolphin-rest.js";

const TOKEN = "t0ken-of-dolphin";
const OK = { code: 0, msg: "success", data: { id: 7 } };

interface Asked {
  readonly request: string;
  readonly token: string | string[] | undefined;
  readonly body: string;
}

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** What stands where DolphinScheduler should. */
async function standing(answer: (response: ServerResponse) => void) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    asked.push({ request: `${method} ${url}`, token: headers.token, body: await text(request) });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function restTo(url: string): DolphinRest {
  const secret = `whsec_${Buffer.alloc(32, "callbacks").toString("base64")}`;
  const callback = { url: "http://127.0.0.1:9/", secret };
  return new DolphinRest(settingsOf({ url, token: TOKEN, callback } as Parameters<typeof settingsOf>[0]));
}

const json = (body: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(body));

describe("a request", () => {
  it("has its fields in the address with GET, and in a form otherwise", async () => {
    const dolphin = await standing(json(OK));
    const rest = restTo(dolphin.url);
    expect(await rest.request("GET", "/projects", { pageNo: 1, searchVal: "ä b" })).toEqual(OK);
    for (const method of ["POST", "PUT", "DELETE"] as const) {
      expect(await rest.request(method, "/projects", { name: "ä b", code: 1 })).toEqual(OK);
    }
    const body = "name=%C3%A4+b&code=1";
    expect(dolphin.asked).toEqual([
      { request: "GET /projects?pageNo=1&searchVal=%C3%A4+b", token: TOKEN, body: "" },
      { request: "POST /projects", token: TOKEN, body },
      { request: "PUT /projects", token: TOKEN, body },
      { request: "DELETE /projects", token: TOKEN, body },
    ]);
  });

  it("is refused with a code, unless that is an answer, and without the token", async () => {
    const dolphin = await standing(json({ code: 10_018, msg: `project not found for ${TOKEN}`, data: null }));
    const rest = restTo(dolphin.url);
    await expect(rest.request("GET", "/projects/1")).rejects.toMatchObject({
      name: "EngineError",
      code: "ENGINE_FAILED",
      message: "DolphinScheduler refused GET /projects/1 with code 10018: project not found for [redacted]",
    });
    expect(await rest.request("GET", "/projects/1", {}, [10_018])).toMatchObject({ code: 10_018 });
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ["a page", (response) => response.end("<html></html>"), /answers 200 to GET \/projects, but not as/],
    ["a redirect", (response) => response.writeHead(302, { location: "/login" }).end(), /answers 302/],
    ["a no to its token", (response) => response.writeHead(401).end(), /does not take the token/],
    [
      "half an answer",
      (response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("{");
        response.socket?.end();
      },
      /cannot be reached/,
    ],
  ])("fails on %s", async (_, reply, message) => {
    const dolphin = await standing(reply);
    const refused = restTo(dolphin.url).request("GET", "/projects");
    await expect(refused).rejects.toMatchObject({ code: "ENGINE_FAILED" });
    await expect(refused).rejects.toThrow(message);
    expect(dolphin.asked).toHaveLength(1);
  });

  it("says that nobody is there", async () => {
    const refused = restTo("http://127.0.0.1:9").request("GET", "/projects");
    await expect(refused).rejects.toThrow(
      /DolphinScheduler at http:\/\/127.0.0.1:9 cannot be reached: .*ECONNREFUSED/,
    );
  });
});

describe("a path", () => {
  it("is one of DolphinScheduler's if it answers as that does", async () => {
    const own = await standing(json(OK));
    const other = await standing((response) => void response.end("<html></html>"));
    expect(await restTo(own.url).takes("GET", "/projects", {})).toBe(true);
    expect(await restTo(other.url).takes("GET", "/projects", {})).toBe(false);
  });
});
