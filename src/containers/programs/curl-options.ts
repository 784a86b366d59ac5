export interface CurlOptions {
  silent: boolean;
  showError: boolean;
  include: boolean;
  head: boolean;
  verbose: boolean;
  fail: boolean;
  location: boolean;
  output: string | undefined;
  writeOut: string | undefined;
  maxTime: number;
  connectTimeout: number;
  method: string | undefined;
  data: string | undefined;
  headers: Record<string, string>;
  insecure: boolean;
  noBuffer: boolean;
  cacert: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  urls: string[];
}

const VALUED: Readonly<Record<string, string>> = {
  m: "max-time",
  o: "output",
  w: "write-out",
  X: "request",
  d: "data",
  H: "header",
  A: "user-agent",
  u: "user",
  e: "referer",
  b: "cookie",
  T: "upload-file",
  E: "cert",
};
const LONG_VALUED = new Set([
  ...Object.values(VALUED),
  "connect-timeout",
  "data-raw",
  "data-binary",
  "url",
  "retry",
  "retry-delay",
  "resolve",
  "cacert",
  "cert",
  "key",
  "json",
]);

const SWITCHES: Readonly<Record<string, string>> = {
  s: "silent",
  S: "show-error",
  i: "include",
  I: "head",
  v: "verbose",
  f: "fail",
  L: "location",
  k: "insecure",
  N: "no-buffer",
};

export function parseOptions(args: readonly string[]): CurlOptions {
  const options: CurlOptions = {
    silent: false,
    showError: false,
    include: false,
    head: false,
    verbose: false,
    fail: false,
    location: false,
    output: undefined,
    writeOut: undefined,
    maxTime: 0,
    connectTimeout: 0,
    method: undefined,
    data: undefined,
    headers: {},
    insecure: false,
    noBuffer: false,
    cacert: undefined,
    cert: undefined,
    key: undefined,
    urls: [],
  };
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] ?? "";
    if (arg.startsWith("--")) {
      const name = arg.slice(2);
      applyOption(options, name, LONG_VALUED.has(name) ? (args[++at] ?? "") : "");
    } else if (arg.startsWith("-") && arg.length > 1) {
      for (let index = 1; index < arg.length; index++) {
        const letter = arg[index] ?? "";
        const valued = VALUED[letter];
        if (valued) {
          applyOption(options, valued, index + 1 < arg.length ? arg.slice(index + 1) : (args[++at] ?? ""));
          break;
        }
        applyOption(options, SWITCHES[letter] ?? letter, "");
      }
    } else options.urls.push(arg);
  }
  return options;
}

function applyOption(options: CurlOptions, name: string, value: string): void {
  switch (name) {
    case "silent":
      options.silent = true;
      break;
    case "show-error":
      options.showError = true;
      break;
    case "include":
      options.include = true;
      break;
    case "head":
      options.head = true;
      break;
    case "verbose":
      options.verbose = true;
      break;
    case "fail":
      options.fail = true;
      break;
    case "location":
      options.location = true;
      break;
    case "output":
      options.output = value;
      break;
    case "write-out":
      options.writeOut = value;
      break;
    case "max-time":
      options.maxTime = Number(value);
      break;
    case "connect-timeout":
      options.connectTimeout = Number(value);
      break;
    case "request":
      options.method = value;
      break;
    case "data":
    case "data-raw":
    case "data-binary":
      options.data = options.data === undefined ? value : `${options.data}&${value}`;
      break;
    case "json":
      options.data = value;
      options.headers["Content-Type"] = "application/json";
      break;
    case "header":
      options.headers[value.slice(0, value.indexOf(":"))] = value.slice(value.indexOf(":") + 1).trim();
      break;
    case "user-agent":
      options.headers["User-Agent"] = value;
      break;
    case "user":
      options.headers["Authorization"] = `Basic ${Buffer.from(value).toString("base64")}`;
      break;
    case "insecure":
      options.insecure = true;
      break;
    case "no-buffer":
      options.noBuffer = true;
      break;
    case "cacert":
      options.cacert = value;
      break;
    case "cert":
      options.cert = value;
      break;
    case "key":
      options.key = value;
      break;
    case "url":
      options.urls.push(value);
      break;
    default:
      break;
  }
}
