import { parseManifest } from "@copse/f3";
import { type Network, network } from "@copse/types";
import type { F3Manifest } from "@copse/types/networks";
import { ExplorerError } from "../errors.ts";

/** Whose rules a file is held against: those of a public network, or the F3 manifest of another one. Plain data. */
export type NetworkChoice =
  | { readonly kind: "network"; readonly name: string }
  /** Text of a manifest, as go-f3 writes it. */
  | { readonly kind: "manifest"; readonly json: string };

/** Two choices are the same where this is: what was learned of one holds for the other. */
export function choiceKey(choice: NetworkChoice): string {
  return choice.kind === "network" ? choice.name : choice.json;
}

/** The manifest that certificates begin with. @throws {F3Error} `f3/manifest-malformed` */
export function manifestOf(choice: NetworkChoice): F3Manifest {
  return choice.kind === "network" ? network(choice.name).f3 : parseManifest(choice.json);
}

/** The rules of the chain, where the choice has them. */
export function chainNetworkOf(choice: NetworkChoice): Network | undefined {
  return choice.kind === "network" ? network(choice.name) : undefined;
}

/** @throws {ExplorerError} `explorer/manifest-without-chain` */
export function needChainNetwork(choice: NetworkChoice): Network {
  const found = chainNetworkOf(choice);
  if (found !== undefined) return found;
  throw new ExplorerError("explorer/manifest-without-chain", { network: manifestOf(choice).networkName });
}
