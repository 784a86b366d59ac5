import type { FileSystem } from "../containers/filesystem.ts";
import { type ExportedTree, exportTree } from "../containers/exported-tree.ts";
import type { VolumeStorage } from "../kubelet/options.ts";

/** Where the texts of kept volumes lie. */
export interface VolumeTexts {
  read(podUid: string, volume: string): string | undefined;
  write(podUid: string, volume: string, text: string): void;
  remove(podUid: string): void;
}

/** Keeps emptyDir volumes as JSON trees over a stop of the daemon. */
export function volumeStorage(texts: VolumeTexts): VolumeStorage {
  return {
    load(podUid, volume, into) {
      const text = texts.read(podUid, volume);
      if (text !== undefined) restore(JSON.parse(text) as ExportedTree, into, "/");
    },
    save: (podUid, volume, fileSystem) => texts.write(podUid, volume, JSON.stringify(exportTree(fileSystem))),
    remove: (podUid) => texts.remove(podUid),
  };
}

function restore(tree: ExportedTree, into: FileSystem, path: string): void {
  if (tree.type === "symlink") return into.symlink(tree.target ?? "", path);
  if (tree.type === "file") into.writeFile(path, Buffer.from(tree.data ?? "", "base64"), { mode: tree.mode });
  else if (path !== "/") into.mkdir(path, { recursive: true, mode: tree.mode });
  for (const [name, child] of tree.entries ?? []) restore(child, into, `${path === "/" ? "" : path}/${name}`);
  into.chmod(path, tree.mode);
  into.chown(path, tree.uid, tree.gid);
  into.utimes(path, tree.mtimeMs);
}
