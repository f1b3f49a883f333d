import { quicknet } from "./drand.ts";
import { f3Devnet } from "./f3-manifest.ts";
import { type NetworkRules, upgradesAt } from "./network.ts";

/**
 * The rules of a development network with sectors of 2 KiB, as `lotus` built with the tag `2k` has them. Its genesis and
 * name are its own: `{ ...devnet, p2pName, genesisCid, genesisTime }` is a {@link Network}.
 *
 * @see lotus:build/buildconstants/params_2k.go, forest:src/networks/devnet/mod.rs (which has another least power, 2040)
 */
export const devnet: NetworkRules = {
  name: "devnet",
  p2pName: "localnet",
  addressPrefix: "t",
  blockDelay: 4,
  propagationDelay: 1,
  equivocationDelay: 0,
  genesisVersion: 28,
  upgrades: /* @__PURE__ */ upgradesAt({ Xx: 200 }),
  drand: [{ start: 0, beacon: quicknet }],
  // Lotus looks its price list up by height, and finds no upgrade of this network past 0
  messageGas: [{ height: 0, base: 38_863, perByte: 1000 }],
  breezeWindow: undefined,
  bootstrap: [],
  checkpoints: [],
  whitelistedBlocks: [],
  f3: f3Devnet,
  ethChainId: 31415926,
  minPower: 2048n,
  preCommitChallengeDelay: 10,
  bootstrapPeerThreshold: 1,
};
