/** Hello: who is your head? @see lotus node/hello/hello.go */
export const helloProtocol = "/fil/hello/1.0.0";
/** Chain exchange: tipsets by key. @see lotus chain/exchange/protocol.go */
export const exchangeProtocol = "/fil/chain/xchg/0.0.1";
/** Bitswap under Filecoin's names, newest first. @see lotus node/modules/chain.go */
export const bitswapProtocols: readonly string[] = [
  "/chain/ipfs/bitswap/1.2.0",
  "/chain/ipfs/bitswap/1.1.0",
  "/chain/ipfs/bitswap/1.0.0",
  "/chain/ipfs/bitswap",
];
/** Kademlia of one network: peer routing only. @example kadProtocol("testnetnet") // => "/fil/kad/testnetnet/kad/1.0.0" */
export const kadProtocol = (networkName: string): string => `/fil/kad/${networkName}/kad/1.0.0`;
/** Topic of new blocks. @example blocksTopic("testnetnet") // => "/fil/blocks/testnetnet" */
export const blocksTopic = (networkName: string): string => `/fil/blocks/${networkName}`;
/** Topic of new messages. @example messagesTopic("testnetnet") // => "/fil/msgs/testnetnet" */
export const messagesTopic = (networkName: string): string => `/fil/msgs/${networkName}`;
