import { trustOptions } from "../f3-files/manifests.ts";
import { repoOptions } from "../f3-files/repo-certificates.ts";
import { outputOptions } from "./car-output.ts";
import type { CommandSpec } from "./command.ts";
import { f3Info, f3Verify } from "./f3-file.ts";
import { f3Export, f3Import } from "./f3-repo.ts";
import { f3ShowTable } from "./f3-table.ts";

const file = {
  form: "<file>",
  says: "F3 data (FRC-0108), bare or in a snapshot CAR, plain or zstd, told by its bytes; - for standard input",
};
const workers = { form: "--workers <n>", says: "threads that check signatures (default: cores)" };

/** `copse f3 …` */
export const f3Commands: readonly CommandSpec[] = [
  {
    name: "info",
    says: "Tell what F3 data holds: instances, head, power table, sizes; nothing is verified",
    takes: [file],
    options: [],
    examples: ["copse f3 info mainnet.f3snap", "copse f3 info forest_snapshot_mainnet.forest.car.zst --json"],
    run: f3Info,
  },
  {
    name: "verify",
    says: "Verify F3 data from its trust root to its end: every certificate, signature and power table",
    takes: [file],
    options: [
      { form: "--network <name>", says: "the network (default: the one whose initial power table the file has)" },
      ...trustOptions,
      workers,
    ],
    examples: ["copse f3 verify mainnet.f3snap", "copse f3 verify devnet.f3snap --manifest f3.json --trust-table"],
    run: f3Verify,
  },
  {
    name: "export",
    says: "Write the certificates of a repository as F3 data; a node may run on it",
    options: [
      ...repoOptions,
      { form: "--latest <n>", says: "the last instance in it (default: all)" },
      ...outputOptions,
    ],
    examples: ["copse f3 export -o mainnet.f3snap", "copse f3 export --repo ./b -o - | zstd > f3.zst"],
    run: f3Export,
  },
  {
    name: "import",
    says: "Verify F3 data and put its certificates into a repository, all or none; goes on where it was stopped",
    takes: [file],
    options: [...repoOptions, ...trustOptions, workers],
    examples: ["copse f3 import mainnet.f3snap", "copse f3 import calibnet.f3snap --network calibnet --repo ./b"],
    run: f3Import,
  },
  {
    name: "table",
    says: "Show the power table that validates an instance: of a repository, or of a file as it claims",
    takes: [{ form: "[file]", says: `${file.says} (default: the repository)` }],
    options: [...repoOptions, { form: "--instance <n>", says: "the instance (default: the one after the latest)" }],
    examples: ["copse f3 table --instance 1440 --json", "copse f3 table mainnet.f3snap --instance 0"],
    run: f3ShowTable,
  },
];
