export { agree, digestOf, type History, type Player, play } from "./history.ts";
export { type HistorySize, hamtHistory, kamtHistory } from "./keyed.ts";
export { amtHistory } from "./listed.ts";
