package io.budgetauthority.ledger.account;

import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import java.util.List;
import java.util.stream.IntStream;

/// How the limit of an account is divided among its shards when the account is made
/// (ledger.md#shards). Calls of many processes then find limit on each of them at once. Pure.
///
/// @param shards how many shards there are
/// @param each the limit that each of them but the head begins with, in micro-USD; zero where the
///   head has it all and no other shard is made
public record Division(int shards, MicroUsd each) {

  /// An account of one item.
  public static final Division NONE = new Division(1, MicroUsd.ZERO);

  /// Equal parts of what the first hold leaves, if each is plenty for such holds.
  static Division of(int shards, ConditionalHold first) {
    MicroUsd left = first.enforced().account().limit().minus(first.total());
    MicroUsd each = MicroUsd.of(left.micros() / shards);
    return new Division(shards, Placement.isPlenty(each, first.total()) ? each : MicroUsd.ZERO);
  }

  /// The same number of shards, of which the head begins with the whole limit.
  public Division undivided() {
    return new Division(shards, MicroUsd.ZERO);
  }

  public boolean makesOthers() {
    return shards > 1 && each.isPositive();
  }

  /// What all shards but the head begin with, in micro-USD.
  MicroUsd ofOthers() {
    return MicroUsd.of(Math.multiplyExact(each.micros(), shards - 1L));
  }

  /// What makes the other shards.
  public List<Posting> others(AccountKey head) {
    return IntStream.range(1, shards)
        .mapToObj(
            number ->
                new Posting(head.ofShard(number), MicroUsd.ZERO, MicroUsd.ZERO, each, null, true))
        .toList();
  }
}
