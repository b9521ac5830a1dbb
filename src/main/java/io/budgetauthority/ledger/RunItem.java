package io.budgetauthority.ledger;

import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.AccountItem;
import io.budgetauthority.ledger.account.LimitVersion;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Tuple;
import io.budgetauthority.storage.Attributes;
import io.budgetauthority.storage.Key;
import io.budgetauthority.storage.StoredIds;
import io.budgetauthority.storage.Write;
import io.budgetauthority.tenant.Ceiling;
import io.budgetauthority.tenant.Mode;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// How a run is stored: the item of its account, which has the tuple and the life of the run beside
/// the sums.
public final class RunItem {

  /// Marks a run that counts neither as active nor as new yet.
  private static final String UNCOUNTED = "run_uncounted";

  /// The shard of the counter of its key, and of that of its user; absent for the head.
  private static final String KEY_SHARD = "run_key_shard";

  private static final String USER_SHARD = "run_user_shard";

  private static final String RATES = "run_rates";

  /// A decision renews the run's life. The index of due runs moves in coarse steps, because each
  /// move is a write of its own. So a reader of the index judges each run by `run_expires`.
  private static final String RENEW = ", run_expires = :expires, run_due_at = :due";

  static final int STEPS_OF_A_LIFE = 16;

  /// The condition that the run is still open, as it was read.
  private static final String STILL_OPEN = " AND run_closed = :open";

  private static final Write.Condition OPEN =
      new Write.Condition("run_closed = :open", Attributes.builder().put(":open", false).build());

  /// The condition that a shard other than the head is not marked as that of a run that has ended.
  private static final Write.Condition NOT_MARKED =
      new Write.Condition("attribute_not_exists(run_closed)", Attributes.NONE);

  /// The prefix of the sort key of a child's mark.
  static final String CHILD = "child#";

  private RunItem() {}

  static Key key(String tenantId, String runId) {
    return AccountItem.key(account(tenantId, runId));
  }

  /// The account of a run.
  static AccountKey account(String tenantId, String runId) {
    return AccountKey.total(tenantId, Scope.RUN, runId);
  }

  /// Whether an account's item is that of a run.
  public static boolean isRun(Attributes item) {
    return item.has("run_created");
  }

  /// Reads a stored run.
  public static Run read(Attributes item) {
    Account account = AccountItem.read(item);
    return new Run(
        account.key().tenantId(),
        account.key().id(),
        item.texts("run_ancestors"),
        new Tuple(
            item.textOrNull("run_user_id"),
            item.textOrNull("run_key_id"),
            item.textOrNull("run_team_id"),
            item.textOrNull("run_feature_id")),
        readEnded(item),
        item.time("run_created"),
        item.time("run_expires"),
        item.money("run_made_lim"),
        readRules(item),
        !item.flag(UNCOUNTED),
        new Run.CountedOn((int) item.numberOr(KEY_SHARD, 0), (int) item.numberOr(USER_SHARD, 0)),
        account);
  }

  private static Run.Rules readRules(Attributes item) {
    Map<RateName, Ceiling> rates =
        item.has(RATES) ? RunRates.read(item.texts(RATES)) : Map.<RateName, Ceiling>of();
    if (!item.has("run_warn")) {
      Run.Rules usual = Run.Rules.USUAL;
      return new Run.Rules(usual.mode(), usual.margin(), usual.warnAtPercent(), rates);
    }
    String mode = item.textOrNull("run_mode");
    return new Run.Rules(
        mode == null ? null : Mode.ofWireName(mode),
        item.has("run_margin") ? item.money("run_margin") : null,
        item.texts("run_warn").stream().map(Integer::valueOf).toList(),
        rates);
  }

  /// Changes the limit, and what is available by the same difference, on the sums as they are
  /// (ledger.md#balance), and replaces the rules. The condition is that the version is still as it
  /// was read.
  static Write.Update moveLimit(String table, Run seen, Ceiling ceiling) {
    Account stored = seen.account();
    MicroUsd limit = seen.withCeiling(ceiling).account().limit();
    Attributes.Builder values =
        Attributes.builder()
            .put(":change", limit.minus(stored.limit()))
            .put(":warn", ceiling.warnAtPercent().stream().map(String::valueOf).toList());
    AccountItem.putVersion(LimitVersion.ofRun(stored.version().ceilings() + 1), values);
    String same =
        AccountItem.sameVersion(stored.version(), values)
            + AccountItem.sameIncreases(stored, values);
    List<String> gone = new ArrayList<>();
    StringBuilder set = new StringBuilder(AccountItem.MOVE_LIMIT).append(", run_warn = :warn");
    Mode mode = ceiling.mode();
    if (mode == null) {
      gone.add("run_mode");
    } else {
      set.append(", run_mode = :mode");
      values.put(":mode", mode.wireName());
    }
    MicroUsd margin = ceiling.margin();
    if (margin == null) {
      gone.add("run_margin");
    } else {
      set.append(", run_margin = :margin");
      values.put(":margin", margin);
    }
    if (!gone.isEmpty()) {
      set.append(" REMOVE ").append(String.join(", ", gone));
    }
    return new Write.Update(
        table, AccountItem.key(stored.key()), set.toString(), same, values.build());
  }

  /// Replaces the rates. The condition is that the version is still as it was read.
  static Write.Update putRates(String table, Run seen, Map<RateName, Ceiling> rates) {
    LimitVersion version = seen.account().version();
    Attributes.Builder values = Attributes.builder().put(":rates", RunRates.write(rates));
    AccountItem.putVersion(LimitVersion.ofRun(version.ceilings() + 1), values);
    String same = AccountItem.sameVersion(version, values);
    return new Write.Update(
        table,
        AccountItem.key(seen.account().key()),
        "SET run_rates = :rates, cver = :cver, pver = :pver",
        same,
        values.build());
  }

  private static Run.@Nullable State readEnded(Attributes item) {
    if (!item.flag("run_closed")) {
      return null;
    }
    return item.flag("run_expired") ? Run.State.EXPIRED : Run.State.CLOSED;
  }

  /// Creates the run with its first hold in its account.
  private static Write.Put create(String table, Run run) {
    Account account = run.account();
    Tuple tuple = run.tuple();
    Attributes.Builder item =
        Attributes.at(key(run.tenantId(), run.runId()))
            .put(AccountItem.LIMIT, account.limit())
            .put(AccountItem.COMMITTED, account.committed())
            .put(AccountItem.RESERVED, account.reserved())
            .put(AccountItem.AVAILABLE, account.available())
            .put(AccountItem.CEILINGS_VERSION, account.version().ceilings())
            .put(AccountItem.POLICY_VERSION, account.version().policy())
            .put("run_made_lim", run.madeLimit())
            .put("run_closed", false)
            .put("run_created", run.createdAt())
            .put("run_tenant", StoredIds.escape(run.tenantId()))
            .put("run_expires", run.expiresAt())
            .put("run_due_bucket", Math.floorMod(run.runId().hashCode(), Runs.DUE_BUCKETS))
            .put("run_due_at", due(run.expiresAt(), run.createdAt()));
    if (!run.ancestors().isEmpty()) {
      item.put("run_ancestors", run.ancestors());
    }
    if (!run.counted()) {
      item.put(UNCOUNTED, true);
    }
    if (!run.rules().rates().isEmpty()) {
      item.put(RATES, RunRates.write(run.rules().rates()));
    }
    if (!run.rules().equals(Run.Rules.USUAL)) {
      putRules(item, run.rules());
    }
    putTuple(item, tuple);
    shardsOf(run.countedOn()).forEach(item::put);
    if (tuple.userId() != null) {
      item.put("run_user", ScopeId.partitionKey(run.tenantId(), Scope.USER, tuple.userId()));
    }
    return new Write.Put(table, item.build(), Write.Condition.ABSENT);
  }

  private static void putRules(Attributes.Builder item, Run.Rules rules) {
    Mode mode = rules.mode();
    MicroUsd margin = rules.margin();
    item.put("run_warn", rules.warnAtPercent().stream().map(String::valueOf).toList())
        .putIfPresent("run_mode", mode == null ? null : mode.wireName());
    if (margin != null) {
      item.put("run_margin", margin);
    }
  }

  /// The step of the index that a run's end falls into. It is rounded down, so that a run is looked
  /// at early rather than late.
  private static Instant due(Instant expiresAt, Instant now) {
    long step = Math.max(1, Duration.between(now, expiresAt).toMillis() / STEPS_OF_A_LIFE);
    return Instant.ofEpochMilli(expiresAt.toEpochMilli() / step * step);
  }

  private static Map<String, Integer> shardsOf(Run.CountedOn countedOn) {
    Map<String, Integer> shards = new TreeMap<>();
    if (countedOn.keyShard() != 0) {
      shards.put(KEY_SHARD, countedOn.keyShard());
    }
    if (countedOn.userShard() != 0) {
      shards.put(USER_SHARD, countedOn.userShard());
    }
    return shards;
  }

  private static void putTuple(Attributes.Builder item, Tuple tuple) {
    item.putIfPresent("run_user_id", tuple.userId())
        .putIfPresent("run_key_id", tuple.keyId())
        .putIfPresent("run_team_id", tuple.teamId())
        .putIfPresent("run_feature_id", tuple.featureId());
  }

  /// The writes that create a run: its item and, where it has a parent, the mark by which it is
  /// found among the children of that parent.
  ///
  /// The marks are spread over the partitions of the shards of the parent's account, because a
  /// partition takes 1,000 write units a second.
  ///
  /// @param parent the parent as it was read; null where it has none, or did not exist
  static List<Write.Put> start(String table, Run run, @Nullable Run parent) {
    String parentRunId = run.parentRunId();
    if (parentRunId == null) {
      return List.of(create(table, run));
    }
    int shards = parent == null ? 1 : parent.account().split().count();
    AccountKey shard =
        account(run.tenantId(), parentRunId).ofShard(Math.floorMod(run.runId().hashCode(), shards));
    Key mark = new Key(shard.partitionKey(), CHILD + run.runId());
    return List.of(create(table, run), new Write.Put(table, Attributes.at(mark).build()));
  }

  /// The run that a child's mark names.
  static String child(Attributes mark) {
    return mark.text("sk").substring(CHILD.length());
  }

  /// The condition that the run exists and is open.
  ///
  /// @param shard one of the shards of its account, which then says so; 0 for the head
  static Write open(String table, Run run, int shard) {
    return new Write.Check(
        table, AccountItem.key(run.account().key().ofShard(shard)), shard == 0 ? OPEN : NOT_MARKED);
  }

  /// The same update of a shard other than the head, under the condition that the run has not
  /// ended.
  static Write.Update whileOpen(Write.Update ofShard) {
    return ofShard.onlyIf(NOT_MARKED);
  }

  /// Marks a shard other than the head of a run that has ended, so that no call is held on it any
  /// more. A shard that does not exist is made, because a call could make it.
  static Write.Update markEnded(String table, AccountKey shard) {
    return new Write.Update(
        table,
        AccountItem.key(shard),
        "SET run_closed = :closed, lim = if_not_exists(lim, :none), cmt = if_not_exists(cmt, :none),"
            + " res = if_not_exists(res, :none), avl = if_not_exists(avl, :none)",
        null,
        Attributes.builder().put(":closed", true).put(":none", MicroUsd.ZERO).build());
  }

  /// Takes a run whose shards are all marked from the index of due runs.
  static Write.Update leaveDue(String table, Run ended) {
    return new Write.Update(
        table,
        AccountItem.key(ended.account().key()),
        "REMOVE run_due_bucket, run_due_at",
        "run_closed = :closed",
        Attributes.builder().put(":closed", true).build());
  }

  /// Gives the account of a run more shards, if it is open and still has as many as were read.
  static Write.Update split(String table, Account stored, int shards) {
    return AccountItem.split(table, stored, shards).onlyIf(OPEN);
  }

  /// Ends the run if it is still as it was read. It must be open and bound to the same user and
  /// key, because their counters are decremented with it. A run that expires must also not have
  /// been renewed since. A run of one item leaves the index of due runs, because nothing more is to
  /// be done for it. One with several shards is due at once, until they are marked.
  static Write end(String table, Run seen, Run.State as, Instant now) {
    Attributes.Builder values = Attributes.builder().put(":closed", true).put(":open", false);
    StringBuilder set = new StringBuilder("SET run_closed = :closed");
    StringBuilder condition = new StringBuilder("run_closed = :open AND ");
    condition.append(AccountItem.sameShards(seen.account(), values));
    if (as == Run.State.EXPIRED) {
      set.append(", run_expired = :closed");
      condition.append(" AND run_expires = :seen");
      values.put(":seen", seen.expiresAt());
    }
    stillCounted(condition, values, seen);
    stillBound(condition, values, "run_user_id", seen.tuple().userId());
    stillBound(condition, values, "run_key_id", seen.tuple().keyId());
    if (seen.account().isSplit()) {
      set.append(", run_due_at = :now");
      values.put(":now", now);
    } else {
      set.append(" REMOVE run_due_bucket, run_due_at");
    }
    return new Write.Update(
        table,
        AccountItem.key(seen.account().key()),
        set.toString(),
        condition.toString(),
        values.build());
  }

  /// The condition that a run which did not count when it was read still does not. The counters
  /// that change with the run depend on that.
  private static void stillCounted(StringBuilder condition, Attributes.Builder values, Run seen) {
    if (!seen.counted()) {
      condition.append(" AND run_uncounted = :uncounted");
      values.put(":uncounted", true);
    }
  }

  private static void stillBound(
      StringBuilder condition, Attributes.Builder values, String name, @Nullable String bound) {
    if (bound == null) {
      condition.append(" AND attribute_not_exists(").append(name).append(')');
    } else {
      condition.append(" AND ").append(name).append(" = :").append(name);
      values.put(":" + name, bound);
    }
  }

  /// The same update of a run's account, which also renews the run and binds newly stated parts of
  /// its tuple.
  static Write.Update renew(Write.Update plain, RunChange.Renew renew) {
    Run seen = renew.seen();
    Tuple completed = renew.completed();
    Attributes.Builder values =
        Attributes.builder()
            .put(":expires", renew.expiresAt())
            .put(":due", due(renew.expiresAt(), renew.now()))
            .put(":open", false);
    StringBuilder set = new StringBuilder(plain.expression()).append(RENEW);
    StringBuilder condition =
        new StringBuilder(Objects.requireNonNull(plain.condition())).append(STILL_OPEN);
    if (!seen.counted() && renew.counts()) {
      stillCounted(condition, values, seen);
      set.append(", run_uncounted = :counted");
      values.put(":counted", false);
    }
    shardsOf(renew.countedOn())
        .forEach(
            (name, shard) -> {
              set.append(", ").append(name).append(" = :").append(name);
              values.put(":" + name, shard);
            });
    if (!completed.equals(seen.tuple())) {
      bind(set, condition, values, seen, completed);
    }
    return new Write.Update(
        plain.table(),
        plain.key(),
        set.toString(),
        condition.toString(),
        values.putAll(plain.values()).build());
  }

  /// Binds the parts of the tuple that the run does not have yet, if it still has none of them.
  private static void bind(
      StringBuilder set,
      StringBuilder condition,
      Attributes.Builder values,
      Run seen,
      Tuple completed) {
    if (completed.userId() != null && seen.tuple().userId() == null) {
      set.append(", run_user = :run_user");
      values.put(
          ":run_user", ScopeId.partitionKey(seen.tenantId(), Scope.USER, completed.userId()));
    }
    Attributes.Builder before = Attributes.builder();
    putTuple(before, seen.tuple());
    Attributes.Builder after = Attributes.builder();
    putTuple(after, completed);
    Attributes bound = after.build();
    for (String name : bound.names()) {
      if (!before.build().has(name)) {
        set.append(", ").append(name).append(" = :").append(name);
        condition.append(" AND attribute_not_exists(").append(name).append(')');
        values.put(":" + name, bound.text(name));
      }
    }
  }
}
