package io.budgetauthority.bench;

import io.budgetauthority.decision.AskBuilder;
import io.budgetauthority.decision.Questions;
import io.budgetauthority.decision.rule.Decider;
import io.budgetauthority.decision.rule.Plan;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.price.Price;
import io.budgetauthority.price.PriceTable;
import io.budgetauthority.price.table.PriceTableJson;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.Policy;
import io.budgetauthority.tenant.Scope;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// How long the pure decider takes for an ask over three accounts in `hard_gate`, those of a run, a
/// user and a key, priced by a row of the local build's table.
@State(org.openjdk.jmh.annotations.Scope.Benchmark)
@BenchmarkMode(org.openjdk.jmh.annotations.Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
public class DeciderBenchmark {

  private static final String TABLE = "/prices/2026-11-24.json.gz";
  private static final String MODEL = "claude-sonnet-4-5";
  private static final MicroUsd PLENTY = MicroUsd.of(5_000_000);

  /// Less than the worst case of the ask.
  private static final MicroUsd TOO_LITTLE = MicroUsd.of(9_000);

  private Decider.Input fits = input(PLENTY);
  private Decider.Input fallsShort = input(TOO_LITTLE);

  @Benchmark
  public Plan allow() {
    return Decider.decide(fits);
  }

  @Benchmark
  public Plan block() {
    return Decider.decide(fallsShort);
  }

  private static Decider.Input input(MicroUsd runLimit) {
    return Questions.of(
        new AskBuilder().provider("anthropic").model(MODEL).input(1_200).cap(800L).build(),
        Policy.DEFAULT,
        row(),
        List.of(),
        List.of(
            enforced(Scope.RUN, "run-7", runLimit),
            enforced(Scope.USER, "ada", PLENTY),
            enforced(Scope.KEY, "ci", PLENTY)));
  }

  private static EnforcedAccount enforced(Scope scope, String id, MicroUsd limit) {
    AccountKey key = AccountKey.total("demo", scope, id);
    Account account = Account.unused(key, limit, new LimitVersion(1, 1));
    return new EnforcedAccount(
        account, account, Mode.HARD_GATE, MicroUsd.ZERO, Ceiling.DEFAULT_WARN_AT_PERCENT, null);
  }

  private static Price row() {
    return switch (table().find("anthropic", MODEL)) {
      case PriceTable.Found.Row row -> row.price();
      case PriceTable.Found.Unknown _, PriceTable.Found.Ambiguous _ ->
          throw new IllegalStateException("the price table has no row " + MODEL);
    };
  }

  private static PriceTable table() {
    try (@Nullable InputStream table = DeciderBenchmark.class.getResourceAsStream(TABLE)) {
      if (table == null) {
        throw new IllegalStateException("the local build has no price table " + TABLE);
      }
      return PriceTableJson.read(table);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
