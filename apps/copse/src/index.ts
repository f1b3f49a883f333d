export { type AssembledReport, assembledReport } from "./assembled.ts";
export { type CliWorld, commandTree, createCli } from "./cli.ts";
export { exitCodes } from "./exit-codes.ts";
export { type NodeOptions, optionTable, resolveOptions } from "./options.ts";
export { runNode } from "./run-node.ts";
