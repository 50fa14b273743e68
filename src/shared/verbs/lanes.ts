/** Runs jobs with a bound on how many are under way, over a whole invocation. */
export type Lanes = <T>(job: () => Promise<T>) => Promise<T>;
