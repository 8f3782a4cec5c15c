import { Inject, Injectable, Module } from "@nestjs/common";
import type { FunctionCall } from "@tidegate/operator-function";

/** Where orders are kept, by the interval that they were loaded for. */
@Injectable()
export class OrderRepository {
  readonly #loaded = new Map<number, number>();

  replace(lower: Date, orders: number): void {
    this.#loaded.set(lower.getTime(), orders);
  }

  get intervals(): number {
    return this.#loaded.size;
  }
}

/** Loads the orders of an interval; an ordinary provider of Nest's with what is injected into it. */
@Injectable()
export class OrderSync {
  readonly #repository: OrderRepository;

  constructor(@Inject(OrderRepository) repository: OrderRepository) {
    this.#repository = repository;
  }

  async load({ lower }: FunctionCall): Promise<{ rowsRead: number; rowsWritten: number }> {
    const orders = lower.getUTCSeconds() + 1;
    this.#repository.replace(lower, orders);
    return { rowsRead: orders, rowsWritten: orders };
  }
}

@Module({ providers: [OrderRepository, OrderSync], exports: [OrderRepository, OrderSync] })
export class OrdersModule {}
