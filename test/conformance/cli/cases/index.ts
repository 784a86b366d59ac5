import type { CaseGroup } from "../case.ts";
import { getCases } from "./get.ts";
import { writeBasicsCases } from "./write-basics.ts";

/** Every group of cases; a new file is one line here. */
export const GROUPS: readonly CaseGroup[] = [getCases, writeBasicsCases];
