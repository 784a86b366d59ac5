/**
 * Checks of single strings; each returns what is wrong, nothing when all is well.
 * Upstream: k8s.io/apimachinery/pkg/util/validation/validation.go (messages are part of the API).
 */
const DNS1123_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const DNS1123_SUBDOMAIN = `${DNS1123_LABEL}(\\.${DNS1123_LABEL})*`;
const QUALIFIED_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";
const DNS1035_LABEL = "[a-z]([-a-z0-9]*[a-z0-9])?";
const ENV_VAR = "[-._a-zA-Z][-._a-zA-Z0-9]*";
const CONFIG_MAP_KEY = "[-._a-zA-Z0-9]+";
const C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*";

const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const compiled = new Map<string, RegExp>();

function matches(pattern: string, text: string): boolean {
  let expression = compiled.get(pattern);
  if (!expression) compiled.set(pattern, (expression = new RegExp(`^${pattern}$`)));
  return expression.test(text);
}

/** `head (e.g. 'a', or 'b', regex used for validation is 'x')`. */
export function regexMessage(head: string, pattern: string, ...examples: string[]): string {
  if (examples.length === 0) return `${head} (regex used for validation is '${pattern}')`;
  return `${head} (e.g. ${examples.map((example) => `'${example}', `).join(" or ")}regex used for validation is '${pattern}')`;
}

const maxLength = (max: number) => `must be no more than ${max} ${max === 1 ? "byte" : "bytes"}`;

export function isDns1123Label(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLength(63));
  if (!matches(DNS1123_LABEL, text)) {
    if (matches(DNS1123_SUBDOMAIN, text)) errors.push("must not contain dots");
    else {
      errors.push(
        regexMessage(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
          DNS1123_LABEL,
          "my-name",
          "123-abc",
        ),
      );
    }
  }
  return errors;
}

export function isDns1123Subdomain(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLength(253));
  if (!matches(DNS1123_SUBDOMAIN, text)) errors.push(regexMessage(SUBDOMAIN_MESSAGE, DNS1123_SUBDOMAIN, "example.com"));
  return errors;
}

export function isDns1035Label(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLength(63));
  if (!matches(DNS1035_LABEL, text)) {
    errors.push(
      regexMessage(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
        DNS1035_LABEL,
        "my-name",
        "abc-123",
      ),
    );
  }
  return errors;
}

export function isPathSegmentName(text: string): string[] {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((char) => text.includes(char)).map((char) => `may not contain '${char}'`);
}

/** A label or annotation key: optional DNS prefix and a name. */
export function isQualifiedName(text: string): string[] {
  const errors: string[] = [];
  const parts = text.split("/");
  const name = parts.length === 2 ? (parts[1] as string) : (parts[0] as string);
  if (parts.length > 2) {
    return [
      `a valid label key ${regexMessage("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED_NAME, "MyName", "my.name", "123-abc")} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (parts.length === 2) {
    const prefix = parts[0] as string;
    if (prefix.length === 0) errors.push("prefix part must be non-empty");
    else errors.push(...isDns1123Subdomain(prefix).map((message) => `prefix part ${message}`));
  }
  if (name.length === 0) errors.push("name part must be non-empty");
  else if (name.length > 63) errors.push(`name part ${maxLength(63)}`);
  if (!matches(QUALIFIED_NAME, name)) {
    errors.push(
      `name part ${regexMessage("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character", QUALIFIED_NAME, "MyName", "my.name", "123-abc")}`,
    );
  }
  return errors;
}

export function isLabelValue(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 63) errors.push(maxLength(63));
  if (!matches(LABEL_VALUE, text)) {
    errors.push(
      regexMessage(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
        LABEL_VALUE,
        "MyValue",
        "my_value",
        "12345",
      ),
    );
  }
  return errors;
}

/** Environment variable names: any printable ASCII but '=' since v1.34. Upstream: IsRelaxedEnvVarName. */
export function isEnvVarName(text: string): string[] {
  if (text.length === 0) return ["environment variable name must be non-empty"];
  return [...text].every((char) => char >= " " && char <= "~" && char !== "=")
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** The strict form, for keys taken from config maps. */
export function isStrictEnvVarName(text: string): string[] {
  return matches(ENV_VAR, text)
    ? []
    : [
        regexMessage(
          "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start with a digit",
          ENV_VAR,
          "my.env-name",
          "MY_ENV.NAME",
          "MyEnvName1",
        ),
      ];
}

export function isCIdentifier(text: string): string[] {
  return matches(C_IDENTIFIER, text)
    ? []
    : [
        regexMessage(
          "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
          C_IDENTIFIER,
          "my_name",
          "MY_NAME",
          "MyName",
        ),
      ];
}

export function isConfigMapKey(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 253) errors.push(maxLength(253));
  if (!matches(CONFIG_MAP_KEY, text))
    errors.push(
      regexMessage(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
        CONFIG_MAP_KEY,
        "key.name",
        "KEY_NAME",
        "key-name",
      ),
    );
  if (text === ".") errors.push("must not be '.'");
  else if (text === "..") errors.push("must not be '..'");
  else if (text.startsWith("..")) errors.push("must not start with '..'");
  return errors;
}

export function isPortName(text: string): string[] {
  const errors: string[] = [];
  if (text.length > 15) errors.push("must be no more than 15 characters");
  if (!/^[-a-z0-9]+$/.test(text)) errors.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
  if (!/[a-z]/.test(text)) errors.push("must contain at least one letter (a-z)");
  if (text.includes("--")) errors.push("must not contain consecutive hyphens");
  if (text.startsWith("-") || text.endsWith("-")) errors.push("must not begin or end with a hyphen");
  return errors;
}

export function isPortNumber(port: number): string[] {
  return Number.isInteger(port) && port >= 1 && port <= 65535 ? [] : ["must be between 1 and 65535, inclusive"];
}

export function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

export function isIp(text: string): string[] {
  const ipv6 = text.includes(":") && /^[0-9a-fA-F:.]+$/.test(text) && text.split(":").length <= 8 && (text.match(/::/g) ?? []).length <= 1;
  return isIpv4(text) || ipv6 ? [] : ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"];
}

export function isCidr(text: string): string[] {
  const [address, bits] = text.split("/");
  const good =
    address !== undefined &&
    bits !== undefined &&
    isIp(address).length === 0 &&
    /^\d{1,3}$/.test(bits) &&
    Number(bits) <= (address.includes(":") ? 128 : 32);
  return good ? [] : ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"];
}

export function isPercent(text: string): string[] {
  return /^[0-9]+%$/.test(text)
    ? []
    : [regexMessage("a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", "1%", "93%")];
}
