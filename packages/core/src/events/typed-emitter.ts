/** Listeners by event name. */
// biome-ignore lint/suspicious/noExplicitAny: any list of parameters will do
export type EventMap = Record<string, (...values: any[]) => void>;

/**
 * An event emitter whose listeners and values are typed by event. It has the shape of the package
 * `typed-emitter`, written out here because the types of that package resolve to `any` under
 * `moduleResolution: "bundler"`.
 */
export interface TypedEmitter<Events extends EventMap> {
  on<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  once<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  off<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  addListener<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  removeListener<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  prependListener<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  prependOnceListener<Name extends keyof Events>(event: Name, listener: Events[Name]): this;
  removeAllListeners<Name extends keyof Events>(event?: Name): this;
  /** Calls the listeners in the order in which they were added. Returns whether there were any. */
  emit<Name extends keyof Events>(event: Name, ...values: Parameters<Events[Name]>): boolean;
  eventNames(): (keyof Events | string | symbol)[];
  listeners<Name extends keyof Events>(event: Name): Events[Name][];
  rawListeners<Name extends keyof Events>(event: Name): Events[Name][];
  listenerCount<Name extends keyof Events>(event: Name): number;
  getMaxListeners(): number;
  setMaxListeners(maxListeners: number): this;
}
