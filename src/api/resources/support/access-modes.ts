import { type FieldError, forbidden, notSupported, required } from "../../field-errors.ts";

const SHORT_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** `RWO,ROX`, in upstream's order. Upstream: storage/util GetAccessModesAsString */
export function shortAccessModes(modes: readonly string[] | undefined): string {
  return Object.entries(SHORT_MODES)
    .flatMap(([mode, short]) => (modes?.includes(mode) ? [short] : []))
    .join(",");
}

export function validateAccessModes(modes: readonly string[] | undefined, path: string, none: string): FieldError[] {
  if (!modes?.length) return [required(path, none)];
  const unknown = modes.filter((mode) => !(mode in SHORT_MODES)).map((mode) => notSupported(path, mode, Object.keys(SHORT_MODES).sort()));
  const exclusive =
    modes.length > 1 && modes.includes("ReadWriteOncePod") ? [forbidden(path, "may not use ReadWriteOncePod with other access modes")] : [];
  return [...unknown, ...exclusive];
}
