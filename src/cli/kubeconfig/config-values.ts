import { illegalBase64At, type KubeConfig } from "./kubeconfig.ts";

/** Sets or unsets what a path of names means: clusters.one.server. Upstream: pkg/cmd/config/set.go, unset.go */
export function assign(own: KubeConfig, property: string, value: string | undefined): void {
  const [field = "", name = "", key] = property.split(".");
  const whole = field === "current-context" || field === "kind" || field === "apiVersion";
  const depth = property.split(".").length;
  if (value !== undefined && ((whole && depth > 1) || depth > 3))
    throw new Error(`unable to parse one or more field values of ${property}`);
  if (whole) {
    // What a file is, is written as it must be.
    if (field === "current-context") own["current-context"] = value ?? "";
    return;
  }
  if (field === "preferences" && value !== undefined) {
    own.preferences = { ...own.preferences, [name]: value === "true" };
    return;
  }
  const inner = { clusters: "cluster", contexts: "context", users: "user" }[field];
  if (!inner) throw new Error(`unable to parse ${property} after [] at api.Config`);
  const list = ((own as Record<string, unknown>)[field] ?? []) as Record<string, unknown>[];
  const known = list.find((each) => each["name"] === name);
  if (value === undefined && name === "") {
    (own as Record<string, unknown>)[field] = [];
    return;
  }
  if (value === undefined && !known) return;
  if (value !== undefined) checkValue(field, key, value);
  const others = list.filter((each) => each !== known);
  if (value === undefined && key === undefined) {
    (own as Record<string, unknown>)[field] = others;
    return;
  }
  const { [key ?? ""]: _, ...rest } = (known?.[inner] ?? {}) as Record<string, unknown>;
  const content = value === undefined ? rest : { ...rest, [key ?? ""]: typed(key ?? "", value) };
  const fresh = { name, [inner]: content };
  (own as Record<string, unknown>)[field] = known ? list.map((each) => (each === known ? fresh : each)) : [...others, fresh];
}

/** Upstream says more, with Go's addresses. */
function checkValue(field: string, key: string | undefined, value: string): void {
  if (key === undefined || !FIELDS[field]?.includes(key)) throw new Error(`can't set a map to a value: ${field}`);
  if (BOOLEANS.includes(key) && !/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value))
    throw new Error(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  if (!key.endsWith("-data")) return;
  const at = illegalBase64At(value);
  if (at >= 0) throw new Error(`error decoding input value: illegal base64 data at input byte ${at}`);
}

const BOOLEANS = ["insecure-skip-tls-verify", "disable-compression"];
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  clusters: ["server", "tls-server-name", "certificate-authority", "certificate-authority-data", "proxy-url", ...BOOLEANS],
  contexts: ["cluster", "user", "namespace"],
  users:
    "client-certificate client-certificate-data client-key client-key-data token tokenFile username password as as-uid as-groups as-user-extra auth-provider exec".split(
      " ",
    ),
};

const typed = (key: string, value: string) => (BOOLEANS.includes(key) ? /^(1|t|true)$/i.test(value) : value);
