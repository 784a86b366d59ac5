import { commandLine, exitWith, isTerminal, readStdin, writeErr, writeOut } from "../host/cli-host.ts";
import { runCommandLine } from "./program.ts";

const io = { out: writeOut, err: writeErr, stdin: readStdin, isTerminal };

void runCommandLine(commandLine(), io).then(exitWith);
