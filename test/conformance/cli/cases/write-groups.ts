import type { CaseGroup } from "../case.ts";
import { changesCases } from "./changes.ts";
import { createCases, createForRealCases } from "./create.ts";
import { filesCases } from "./files.ts";
import { kustomizeApplyCases } from "./kustomize-apply.ts";
import { kustomizeCases } from "./kustomize.ts";
import { manifestInputCases } from "./manifest-inputs.ts";
import { missingCommandsCases } from "./missing-commands.ts";

/** The groups about commands that write. */
export const WRITE_GROUPS: readonly CaseGroup[] = [
  changesCases,
  createCases,
  createForRealCases,
  filesCases,
  kustomizeApplyCases,
  kustomizeCases,
  manifestInputCases,
  missingCommandsCases,
];
