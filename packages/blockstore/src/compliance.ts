export type { StoreTraits } from "./compliance/rules.ts";
export {
  describeAsyncDatabase,
  describeAsyncStore,
  describeClosable,
  describeDatabase,
  describeReadOnlyAsyncStore,
  describeReadOnlyStore,
  describeStore,
  type ReadOnlySuite,
  type Suite,
  type SuiteRunner,
} from "./compliance/suites.ts";
