package io.budgetauthority.ledger.counter;

import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Write;
import java.util.Map;

/// The shard of a counter that a run is counted on.
///
/// @param max how many runs the shard may count
/// @param isSplit whether the counter has several shards, as far as is known. If it has not, the
///   head counts all runs
public record CounterPlace(RunCounter counter, int shard, long max, boolean isSplit) {

  /// The head of a counter that has one shard.
  static CounterPlace ofHead(RunCounter counter) {
    return new CounterPlace(counter, 0, counter.max(), false);
  }

  /// Increments the count several times, if the shard may count as many. The head of a counter that
  /// is not split must still be all there is of it.
  public Write.Update increment(String table, int times) {
    String below = RunCounter.COUNT + " < :below";
    String fits =
        times <= max ? "(attribute_not_exists(" + RunCounter.COUNT + ") OR " + below + ")" : below;
    String stillWhole =
        isSplit || !counter.isLimited()
            ? ""
            : " AND attribute_not_exists(" + RunCounter.SHARDS + ")";
    return new Write.Update(
        table,
        counter.key(shard),
        "ADD " + RunCounter.COUNT + " :more",
        Map.of(),
        fits + stillWhole,
        Attributes.builder().put(":more", times).put(":below", max - times + 1).build(),
        true);
  }
}
