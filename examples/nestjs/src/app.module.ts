import { Controller, Get, Inject, Module, type OnApplicationBootstrap, Param } from "@nestjs/common";
import { type AuditReport, ScheduleClient } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { functionOperator } from "@tidegate/operator-function";
import { sqliteStore } from "@tidegate/store-sqlite";
import { OrderRepository, OrderSync, OrdersModule } from "./orders.module.js";
import { TidegateModule } from "./tidegate.module.js";

/** The application's own routes, with Tidegate's client injected. */
@Controller("orders")
class OrdersController implements OnApplicationBootstrap {
  readonly #client: ScheduleClient;
  readonly #repository: OrderRepository;

  constructor(
    @Inject(ScheduleClient) client: ScheduleClient,
    @Inject(OrderRepository) repository: OrderRepository,
  ) {
    this.#client = client;
    this.#repository = repository;
  }

  /** Modules that are imported have started by now, Tidegate among them. */
  async onApplicationBootstrap(): Promise<void> {
    const trigger = { type: "period", every: 1, unit: "second" } as const;
    await this.#client.ensure({ groupId: "orders", trigger, job: { function: "load" } });
  }

  @Get()
  loaded(): { readonly intervals: number } {
    return { intervals: this.#repository.intervals };
  }

  @Get("audit/:groupId")
  audit(@Param("groupId") groupId: string): Promise<AuditReport> {
    return this.#client.audit(groupId);
  }
}

@Module({
  imports: [
    OrdersModule,
    TidegateModule.register(
      {
        imports: [OrdersModule],
        inject: OrderSync,
        store: sqliteStore({ path: process.env.DATABASE ?? "tidegate.db" }),
        engines: [embeddedEngine()],
      },
      (orders: OrderSync) => [functionOperator({ load: (call) => orders.load(call) })],
    ),
  ],
  controllers: [OrdersController],
})
export class AppModule {}
