// The subpath `@copse/vm/genesis`: the first state of a network of one's own.
export { buildGenesis, type GenesisAccount, type GenesisMiner, type GenesisOptions } from "./build-genesis.ts";
export { singletonIds } from "./constructors.ts";
