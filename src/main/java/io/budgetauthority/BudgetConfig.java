package io.budgetauthority;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// The settings of the service. `docs/how-to/operate.md` has them as a table, which a test makes
/// from this file.
@ConfigMapping(prefix = "budget")
public interface BudgetConfig {

  /// the table of accounts and configuration
  @WithDefault("budget-authority-ledger")
  String ledgerTable();

  /// the table of decisions
  @WithDefault("budget-authority-decisions")
  String decisionsTable();

  /// the table of sums
  @WithDefault("budget-authority-attribution")
  String attributionTable();

  /// the bucket of price tables
  @WithDefault("budget-authority-prices-000000000000-us-east-1")
  String bucket();

  /// the usage queue
  Optional<String> usageQueueUrl();

  /// the dead-letter queue of the usage queue
  Optional<String> usageDeadQueueUrl();

  /// how often a usage message is delivered before the queue gives it up: `maxReceiveCount` in
  /// `infra/queues.yaml`
  @WithDefault("5")
  int usageMaxReceives();

  /// the delay of a usage message that is put back because DynamoDB is unavailable, at most 900 s.
  /// It must be less than `maxReceiveCount` times the queue's `VisibilityTimeout`. Otherwise a
  /// commit gives up before the decision that it is for is back
  @WithDefault("300s")
  Duration usageOutageDelay();

  /// how many transactions of the ledger a process has under way at one time, at least 1, and how
  /// many reads. What waits meanwhile is written together, in few transactions, and read together:
  /// transactions of one account always, all others where this is at most 4. The local build has 2,
  /// because its database writes one transaction at a time, and the next one is made meanwhile
  @WithDefault("32")
  int transactionsAtOnce();

  /// in how many items the ledger keeps each account whose ceiling states no `shards`, and that of
  /// each run with a second call, 1 to 64. Empty for as many as the load needs: more each time that
  /// a fifth of the transactions of ten seconds conflict, or half of those of a second
  Optional<Integer> shards();
}
