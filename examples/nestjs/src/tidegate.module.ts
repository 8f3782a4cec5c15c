import {
  type DynamicModule,
  Inject,
  Module,
  type ModuleMetadata,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type Type,
} from "@nestjs/common";
import { createTidegate, ScheduleClient, Tidegate, type TidegateOptions } from "@tidegate/core";

/** Settings of a Tidegate instance in a Nest application. */
export interface TidegateModuleOptions extends Omit<TidegateOptions, "operators"> {
  /** Modules that provide what the operators are made of. */
  readonly imports?: NonNullable<ModuleMetadata["imports"]>;
  /** A provider of Nest's from which the operators are made. */
  readonly inject: Type;
}

/**
 * Joins two containers: Tidegate's parts are bound in its own, which gets operators that are made of Nest's providers; and
 * Nest gets Tidegate's client to inject. Starts and stops with the application.
 */
@Module({})
export class TidegateModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #tidegate: Tidegate;

  constructor(@Inject(Tidegate) tidegate: Tidegate) {
    this.#tidegate = tidegate;
  }

  /** @param operatorsOf - makes the operators of the injected provider */
  static register<Provider>(
    { imports = [], inject, ...parts }: TidegateModuleOptions & { readonly inject: Type<Provider> },
    operatorsOf: (provider: Provider) => TidegateOptions["operators"],
  ): DynamicModule {
    return {
      module: TidegateModule,
      imports,
      providers: [
        {
          provide: Tidegate,
          inject: [inject],
          useFactory: (provider: Provider) => createTidegate({ ...parts, operators: operatorsOf(provider) }),
        },
        {
          provide: ScheduleClient,
          inject: [Tidegate],
          useFactory: ({ client }: Tidegate) => client,
        },
      ],
      exports: [Tidegate, ScheduleClient],
    };
  }

  onApplicationBootstrap(): Promise<void> {
    return this.#tidegate.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#tidegate.stop();
  }
}
