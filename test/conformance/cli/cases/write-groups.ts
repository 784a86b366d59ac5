import type { CaseGroup } from "../case.ts";
import { applyFlagCases } from "./apply-flags.ts";
import { applyServerSideCases } from "./apply-server-side.ts";
import { applySetCases } from "./apply-sets.ts";
import { changesCases } from "./changes.ts";
import { createCases, createForRealCases } from "./create.ts";
import { deleteCases } from "./delete.ts";
import { editCases } from "./edit-and-diff.ts";
import { filesCases } from "./files.ts";
import { kustomizeCases } from "./kustomize.ts";
import { labelCases } from "./labels.ts";
import { missingCommandsCases } from "./missing-commands.ts";
import { patchReplaceCases } from "./patch-replace.ts";
import { rollbackCases } from "./rollback.ts";
import { rolloutCases } from "./rollouts-and-nodes.ts";
import { setWorkloadCases } from "./set-workloads.ts";

/** The groups about commands that write. */
export const WRITE_GROUPS: readonly CaseGroup[] = [
  applyServerSideCases,
  applySetCases,
  applyFlagCases,
  deleteCases,
  labelCases,
  changesCases,
  createCases,
  createForRealCases,
  filesCases,
  kustomizeCases,
  missingCommandsCases,
  rollbackCases,
  rolloutCases,
  editCases,
  patchReplaceCases,
  setWorkloadCases,
];
