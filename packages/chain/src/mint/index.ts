export { createMint, type Mint, type MintOptions } from "./create-mint.ts";
export { MintError, type MintFacts } from "./errors.ts";
export { forgeHeader, mintedMiners } from "./forge.ts";
export type { MintedGenesis, MintMachine } from "./machine.ts";
export type { ComposeMessage, MessagePlan, Sender } from "./messages.ts";
export type { MintedMiner } from "./miners.ts";
export { mintedFireHorse } from "./network.ts";
export type { AfterTipset, MintedBlock, MintedEpoch } from "./parent.ts";
