export { bitsHistory } from "./bits.ts";
export { type Answering, afterFault } from "./faults.ts";
export { agree, digestOf, type History, type Player, play } from "./history.ts";
export { type HistorySize, hamtHistory, kamtHistory } from "./keyed.ts";
export { amtHistory } from "./listed.ts";
export { firstDifference, type RecordedHistory, readHistories } from "./recorded.ts";
