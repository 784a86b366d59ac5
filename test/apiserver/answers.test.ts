import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { call, start } from "./http-server.ts";

/** The answer as it comes over the wire. */
function raw(url: string, encoding: string): Promise<{ encoding: string | undefined; vary: string | undefined; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "Accept-Encoding": encoding } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ encoding: response.headers["content-encoding"], vary: response.headers.vary, bytes: Buffer.concat(chunks) }),
      );
    }).on("error", reject);
  });
}

test("what is larger than 128 KiB is packed for those who can unpack it", async () => {
  const { base } = await start();
  const configMaps = `${base}/api/v1/namespaces/default/configmaps`;
  const create = (name: string, size: number) => call(configMaps, "POST", { metadata: { name }, data: { text: "x".repeat(size) } });
  await create("small", 1000);
  await create("large", 140_000);
  assert.equal((await raw(`${configMaps}/small`, "gzip")).encoding, undefined);
  assert.equal((await raw(`${configMaps}/large`, "identity, br")).encoding, undefined);
  for (const path of [`${configMaps}/large`, configMaps]) {
    const plain = await raw(path, "");
    const packed = await raw(path, "deflate, gzip");
    assert.deepEqual([packed.encoding, packed.vary], ["gzip", "Accept-Encoding"]);
    assert.ok(packed.bytes.length < plain.bytes.length / 10);
    assert.deepEqual(gunzipSync(packed.bytes), plain.bytes);
  }
  assert.equal((await raw(`${base}/metrics`, "gzip")).encoding, "gzip");
  assert.equal((await raw(`${base}/openapi/v2`, "gzip")).vary, "Accept, Accept-Encoding");
  assert.equal((await raw(`${base}/openapi/v3/api/v1`, "gzip")).encoding, undefined);
});

test("what YAML cannot hold is answered all the same", async () => {
  const { base, bugs } = await start();
  const configMaps = `${base}/api/v1/namespaces/default/configmaps`;
  await call(configMaps, "POST", { metadata: { name: "odd" }, data: { text: "a\u007fb" } });
  const answer = await fetch(`${configMaps}/odd`, { headers: { Accept: "application/yaml" } });
  const { data } = (await answer.json()) as { data: { text: string } };
  assert.deepEqual([answer.status, data.text, bugs], [200, "a\u007fb", []]);
});
