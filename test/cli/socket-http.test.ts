import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { sendOverSocket } from "../../src/host/socket-http.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubesim-socket-"));
after(() => fs.rmSync(folder, { recursive: true, force: true }));
let servers = 0;

/** A server that answers everything with these pieces, each in a packet of its own, and then closes; it tells what it was asked. */
async function answering(pieces: readonly string[], { closes = true } = {}) {
  const socketPath = path.join(folder, `${servers++}.sock`);
  const asked: string[] = [];
  const gone: Promise<void>[] = [];
  const server = net.createServer((socket) => {
    gone.push(new Promise((resolve) => socket.once("close", () => resolve())));
    socket.once("data", async (data) => {
      asked.push(data.toString());
      for (const piece of pieces) {
        socket.write(piece);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      if (closes) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  after(() => server.close());
  return { socketPath, asked, gone };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

const GET = { method: "GET", path: "/api", headers: { Host: "cluster:6443", Accept: "application/json" } };

test("a body of a known length ends there, wherever the packets are cut", async () => {
  const { socketPath, asked } = await answering(
    ["HTTP/1.1 200 O", "K\r\nContent-Le", 'ngth: 11\r\nwarning: 299 - "a"\r\nWarning: b\r\n\r', "\nhello ", "world"],
    { closes: false },
  );
  const { status, headers, body } = await sendOverSocket(socketPath, GET);
  assert.equal(status, 200);
  assert.equal(headers["warning"], '299 - "a", b');
  assert.equal(await textOf(body), "hello world");
  assert.equal(asked[0], "GET /api HTTP/1.1\r\nHost: cluster:6443\r\nAccept: application/json\r\nConnection: close\r\n\r\n");
});

test("chunks are put together, one by one as they arrive", async () => {
  const { socketPath } = await answering(
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r", "\nhel", "lo\r\n", "6;x=y\r\n world\r\n0\r\nTrailer: x\r\n", "\r\n"],
    { closes: false },
  );
  const { body } = await sendOverSocket(socketPath, GET);
  assert.equal(await textOf(body), "hello world");
});

test("a body without a length lasts until the connection closes, and informational answers are none", async () => {
  const { socketPath } = await answering(["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 500 Oops\r\n\r\nhello", " world"]);
  const { status, body } = await sendOverSocket(socketPath, GET);
  assert.equal(status, 500);
  assert.equal(await textOf(body), "hello world");
});

test("a connection that breaks off is an error, before the head and within the body", async () => {
  const early = await answering(["HTTP/1.1 200"]);
  await assert.rejects(sendOverSocket(early.socketPath, GET), { code: "ECONNRESET" });
  for (const [head, part] of [
    ["Content-Length: 10", "hello"],
    ["Transfer-Encoding: chunked", "5\r\nhello\r\n"],
  ]) {
    const { socketPath } = await answering([`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${part}`]);
    const { body } = await sendOverSocket(socketPath, GET);
    await assert.rejects(textOf(body), { code: "ECONNRESET" });
  }
  await assert.rejects(sendOverSocket(path.join(folder, "nobody.sock"), GET), { code: "ENOENT" });
});

test("an aborted request ends with the reason; a body that nobody reads on closes the connection", async () => {
  const { socketPath, gone } = await answering(["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"], { closes: false });
  const abort = new AbortController();
  const { body } = await sendOverSocket(socketPath, { ...GET, signal: abort.signal });
  const reading = textOf(body);
  abort.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
  const second = await sendOverSocket(socketPath, GET);
  for await (const _ of second.body) break;
  await Promise.all(gone);
});

test("bodies are sent with their size, and no header smuggles in another", async () => {
  const { socketPath, asked } = await answering(["HTTP/1.1 204 No Content\r\n\r\n"]);
  const { body } = await sendOverSocket(socketPath, {
    ...GET,
    method: "POST",
    headers: { "Impersonate-Group": ["a", "b"] },
    body: "grüße",
  });
  assert.equal(await textOf(body), "");
  assert.match(
    asked[0] ?? "",
    /^POST \/api HTTP\/1\.1\r\nImpersonate-Group: a\r\nImpersonate-Group: b\r\nConnection: close\r\nContent-Length: 7\r\n\r\ngrüße$/,
  );
  await assert.rejects(sendOverSocket(socketPath, { ...GET, headers: { "Impersonate-User": "a\r\nX: y" } }), TypeError);
  await assert.rejects(sendOverSocket(socketPath, { ...GET, path: "/a b" }), TypeError);
});
