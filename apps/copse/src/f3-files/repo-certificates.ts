import { type CertificateStore, type KeyValueStore, reopenCertificateStore, rowsAsStore } from "@copse/f3/store";
import type { F3Manifest } from "@copse/types/networks";
import { textFlag } from "../commands/car-input.ts";
import type { CommandContext, OptionSpec } from "../commands/command.ts";
import { NodeError } from "../errors.ts";
import { f3Table } from "../f3/certificates.ts";
import { resolveNetwork } from "../networks.ts";
import { defaultRepo, resolveOptions } from "../options.ts";
import { openRepo, readRepo } from "../repo.ts";
import { readManifest } from "./manifests.ts";

/** Options that say which repository is meant. */
export const repoOptions: readonly OptionSpec[] = [
  { form: "--network <name>", says: "network whose default repository is meant" },
  { form: "--repo <dir>", says: "the repository" },
];

/** Reads the certificates of a repository, also while a node runs on it. @throws {NodeError} `copse/not-found` */
export async function withCertificates(
  context: CommandContext,
  run: (store: CertificateStore) => Promise<number>,
): Promise<number> {
  const { repo } = resolveOptions(context.flags, context.environment);
  const { database } = await readRepo(repo);
  try {
    const store = await reopenCertificateStore(rowsAsStore(database, f3Table));
    if (store === undefined) throw new NodeError("copse/not-found", { what: "a finality certificate" });
    return await run(store);
  } finally {
    await database.close();
  }
}

/** A repository that takes certificates, and the manifest of its network. */
export interface CertificateRepo extends AsyncDisposable {
  readonly dir: string;
  readonly manifest: F3Manifest;
  readonly kv: KeyValueStore;
}

/**
 * Opens a repository for writing, making it where there is none. Its network is the one given, else the one it has.
 *
 * @throws {NodeError} `copse/repo-other-network`, `copse/option-malformed`
 * @throws {HostFault} `host/store-failed` where a node runs on it
 */
export async function openCertificateRepo(context: CommandContext): Promise<CertificateRepo> {
  const options = resolveOptions(context.flags, context.environment);
  const name = await networkOf(context, options.repo, options.network);
  const network = resolveNetwork(name);
  const manifestFile = textFlag(context, "manifest") ?? options.f3Manifest;
  const manifest = manifestFile === undefined ? network.f3 : readManifest(manifestFile);
  const repo = await openRepo(options.repo, { network: name, genesis: network.genesisCid.toString() });
  return {
    dir: options.repo,
    manifest,
    kv: rowsAsStore(repo.database, f3Table),
    [Symbol.asyncDispose]: () => repo.close(),
  };
}

async function networkOf(context: CommandContext, repo: string, otherwise: string): Promise<string> {
  const isGiven = textFlag(context, "network") !== undefined || context.environment["COPSE_NETWORK"] !== undefined;
  if (isGiven || repo === defaultRepo(otherwise)) return otherwise;
  try {
    const { about, database } = await readRepo(repo);
    await database.close();
    return about.network;
  } catch (error) {
    if (error instanceof NodeError && error.code === "copse/repo-missing") return otherwise;
    throw error;
  }
}
