/** One thing wrong with one field. Upstream: k8s.io/apimachinery/pkg/util/validation/field. */
export interface FieldError {
  readonly type: FieldErrorType;
  /** `spec.containers[0].ports[1].name` */
  readonly field: string;
  readonly badValue: unknown;
  readonly detail: string;
}

export type FieldErrorType =
  | "FieldValueRequired"
  | "FieldValueDuplicate"
  | "FieldValueInvalid"
  | "FieldValueNotSupported"
  | "FieldValueForbidden"
  | "FieldValueNotFound"
  | "FieldValueTooLong"
  | "FieldValueTooMany"
  | "FieldValueTypeInvalid"
  | "InternalError";

/** As a bad value: the message leaves the value out. Upstream: field.OmitValueType */
export const OMITTED_VALUE = Symbol("omitted value");

const TITLES: Record<FieldErrorType, string> = {
  FieldValueRequired: "Required value",
  FieldValueDuplicate: "Duplicate value",
  FieldValueInvalid: "Invalid value",
  FieldValueNotSupported: "Unsupported value",
  FieldValueForbidden: "Forbidden",
  FieldValueNotFound: "Not found",
  FieldValueTooLong: "Too long",
  FieldValueTooMany: "Too many",
  FieldValueTypeInvalid: "Invalid value",
  InternalError: "Internal error",
};

export const required = (field: string, detail = ""): FieldError => ({ type: "FieldValueRequired", field, badValue: "", detail });
export const duplicate = (field: string, badValue: unknown): FieldError => ({ type: "FieldValueDuplicate", field, badValue, detail: "" });
export const invalid = (field: string, badValue: unknown, detail: string): FieldError => ({
  type: "FieldValueInvalid",
  field,
  badValue,
  detail,
});
export const forbidden = (field: string, detail: string): FieldError => ({ type: "FieldValueForbidden", field, badValue: "", detail });
export const notFoundValue = (field: string, badValue: unknown): FieldError => ({
  type: "FieldValueNotFound",
  field,
  badValue,
  detail: "",
});
export const notSupported = (field: string, badValue: unknown, supported: readonly string[]): FieldError => ({
  type: "FieldValueNotSupported",
  field,
  badValue,
  detail: supported.length > 0 ? `supported values: ${supported.map((value) => JSON.stringify(value)).join(", ")}` : "",
});
export const tooLong = (field: string, maxLength: number): FieldError => ({
  type: "FieldValueTooLong",
  field,
  badValue: "",
  detail: `may not be more than ${maxLength} ${maxLength === 1 ? "byte" : "bytes"}`,
});
export const tooMany = (field: string, actual: number, maxItems: number): FieldError => ({
  type: "FieldValueTooMany",
  field,
  badValue: actual,
  detail: `must have at most ${maxItems} ${maxItems === 1 ? "item" : "items"}`,
});

/** The error without its field, as it stands in a Status cause. Upstream: field.Error.ErrorBody. */
export function errorBody(error: FieldError): string {
  const title = TITLES[error.type];
  const bare =
    error.badValue === OMITTED_VALUE ||
    ["FieldValueRequired", "FieldValueForbidden", "FieldValueTooLong", "InternalError"].includes(error.type);
  const head = bare ? title : `${title}: ${renderValue(error.badValue)}`;
  return error.detail === "" ? head : `${head}: ${error.detail}`;
}

export function errorText(error: FieldError): string {
  return `${error.field}: ${errorBody(error)}`;
}

function renderValue(value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "string" || typeof value === "object") return JSON.stringify(value);
  return String(value as number | boolean);
}
