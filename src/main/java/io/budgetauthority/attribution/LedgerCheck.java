package io.budgetauthority.attribution;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Reservation;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.scan.AccountScan;
import io.budgetauthority.ledger.scan.DecisionScan;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.AccountShare;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.AuditEntry;
import io.budgetauthority.tenant.store.AuditTrail;
import io.budgetauthority.tenant.store.TenantDirectory;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Compares every account with the reservations that hold on it and with what was charged on it,
/// and corrects it (ledger.md#sums). It may run while the service answers requests: an account that
/// changes during the comparison is reported as moving and is not judged. It keeps all accounts in
/// memory.
public final class LedgerCheck {

  /// All decisions of what began after this time are still stored: no policy may keep decisions for
  /// less than 15 days (protocol.md#policy), and a day is allowed for time zones.
  private static final Duration KEPT_FOR_CERTAIN = Duration.ofDays(14);

  /// How much longer than its name says a period lasts after a change of the tenant's time zone.
  private static final int EXTENDED_DAYS = 2;

  /// The principal that the audit trail names for a correction.
  private static final String PRINCIPAL = "budget check";

  private static final Duration TIMEOUT = Duration.ofSeconds(10);
  private static final LocalDate FIRST_DAY = LocalDate.of(1, 1, 1);
  private static final LocalDate LAST_DAY = LocalDate.of(9999, 12, 31);

  private final AccountScan accounts;
  private final DecisionScan decisions;
  private final AttributionTable attribution;
  private final Ledger ledger;
  private final TenantDirectory tenants;
  private final AuditTrail audit;
  private final Clock clock;

  public LedgerCheck(
      AccountScan accounts,
      DecisionScan decisions,
      AttributionTable attribution,
      Ledger ledger,
      TenantDirectory tenants,
      AuditTrail audit,
      Clock clock) {
    this.accounts = accounts;
    this.decisions = decisions;
    this.attribution = attribution;
    this.ledger = ledger;
    this.tenants = tenants;
    this.audit = audit;
    this.clock = clock;
  }

  /// What a comparison found.
  ///
  /// @param accounts how many accounts were compared
  /// @param decisions how many decisions were read
  /// @param differences the accounts whose sums are not what their reservations say
  /// @param moving the accounts that changed during the comparison and could not be judged
  public record Result(
      long accounts, long decisions, List<AccountDifference> differences, List<AccountKey> moving) {
    public Result {
      differences = List.copyOf(differences);
      moving = List.copyOf(moving);
    }

    /// The differences that this comparison and an earlier one both found, on accounts that did not
    /// change in between.
    public List<AccountDifference> alsoIn(Result earlier) {
      Set<AccountDifference> before = new HashSet<>(earlier.differences);
      return differences.stream().filter(before::contains).toList();
    }
  }

  /// What the stored decisions say of one account, in micro-USD.
  private record Sums(MicroUsd reserved, MicroUsd charged) {
    static final Sums NONE = new Sums(MicroUsd.ZERO, MicroUsd.ZERO);

    Sums plus(Sums other) {
      return new Sums(reserved.plus(other.reserved), charged.plus(other.charged));
    }
  }

  /// @param tenantId the one tenant whose accounts are compared; empty for all
  public Result run(String tenantId) {
    Map<AccountKey, AccountScan.Found> before = accounts(tenantId);
    Map<AccountKey, Sums> kept = new HashMap<>();
    long read = sum(tenantId, kept);
    Map<AccountKey, MicroUsd> most = mostCommitted(tenantId, before, kept);
    Map<AccountKey, AccountScan.Found> after = accounts(tenantId);
    Set<AccountKey> keys = new HashSet<>(before.keySet());
    keys.addAll(kept.keySet());
    List<AccountDifference> differences = new ArrayList<>();
    List<AccountKey> moving = new ArrayList<>();
    for (AccountKey key : keys) {
      Account stored = accountOf(before.get(key));
      Sums sums = kept.getOrDefault(key, Sums.NONE);
      MicroUsd charged = sums.charged();
      Optional<AccountDifference> difference =
          AccountDifference.of(
              key, stored, sums.reserved(), charged, most.getOrDefault(key, charged));
      if (difference.isEmpty()) {
        continue;
      }
      Account now = accountOf(after.get(key));
      if (stored == null ? now == null : stored.equals(now)) {
        differences.add(difference.get());
      } else {
        moving.add(key);
      }
    }
    return new Result(before.size(), read, differences, moving);
  }

  /// Corrects the sums of an account if it still is as it was read, and records that in the
  /// tenant's audit trail in the same transaction. False where it changed. False too for the
  /// account of a run that is missing: it cannot be created, because only its run says who owns it.
  public boolean correct(AccountDifference difference) {
    AccountKey key = difference.key();
    if (difference.stored() == null && key.scope() == Scope.RUN) {
      return false;
    }
    AuditEntry entry =
        AuditEntry.of(
            new Caller(key.tenantId(), PRINCIPAL, Role.OPERATOR, null, null),
            clock.instant(),
            "accounts/" + key.scope().wireName() + "/" + key.id() + "/" + key.time(),
            json(difference.stored()),
            json(difference.corrected()));
    return ledger.correct(
        difference.stored(),
        difference.corrected(),
        audit.add(key.tenantId(), entry),
        Deadline.in(TIMEOUT));
  }

  private static @Nullable ObjectNode json(@Nullable Account account) {
    return account == null
        ? null
        : JsonNodeFactory.instance
            .objectNode()
            .put("committed_usd", account.committed().toString())
            .put("reserved_usd", account.reserved().toString())
            .put("available_usd", account.storedAvailable().toString());
  }

  private static @Nullable Account accountOf(AccountScan.@Nullable Found found) {
    return found == null ? null : found.account();
  }

  private Map<AccountKey, AccountScan.Found> accounts(String tenantId) {
    Map<AccountKey, AccountScan.Found> all = new HashMap<>();
    accounts.each(tenantId, page -> page.forEach(found -> all.put(found.account().key(), found)));
    return all;
  }

  private long sum(String tenantId, Map<AccountKey, Sums> kept) {
    long[] read = {0};
    decisions.each(
        tenantId,
        page -> {
          for (Reservation reservation : page) {
            read[0]++;
            for (AccountShare share : reservation.shares()) {
              MicroUsd reserved = reservation.state().isHolding() ? share.hold() : MicroUsd.ZERO;
              kept.merge(
                  share.key(reservation.tenantId()),
                  new Sums(reserved, reservation.charged()),
                  Sums::plus);
            }
          }
        });
    return read[0];
  }

  /// The most that can be committed on the accounts of which decisions may have been deleted. The
  /// decisions that are newer than their markers are read before the rows. So a charge that reaches
  /// its row in between counts twice, which loosens a bound and never makes a false difference.
  private Map<AccountKey, MicroUsd> mostCommitted(
      String tenantId, Map<AccountKey, AccountScan.Found> stored, Map<AccountKey, Sums> kept) {
    Map<String, Optional<Instant>> tenantsMade = new HashMap<>();
    Map<AccountKey, MicroUsd> most = new HashMap<>();
    stored.forEach(
        (key, found) -> {
          if (!found.account().committed().equals(kept.getOrDefault(key, Sums.NONE).charged())
              && !isYoung(key, runOf(key, stored), tenantsMade)) {
            most.put(key, MicroUsd.ZERO);
          }
        });
    if (most.isEmpty()) {
      return most;
    }
    decisions.each(
        tenantId,
        page -> {
          Map<String, Marker> markers =
              attribution.markers(page.stream().map(it -> it.id().hash()).toList());
          for (Reservation reservation : page) {
            MicroUsd missing = missing(reservation, markers.get(reservation.id().hash()));
            reservation
                .shares()
                .forEach(share -> add(most, share.key(reservation.tenantId()).head(), missing));
          }
        });
    Map<String, List<AccountKey>> hours =
        most.keySet().stream()
            .filter(key -> key.window() == Window.HOUR)
            .collect(Collectors.groupingBy(AccountKey::partitionKey));
    Set<String> tenantIds = new HashSet<>();
    most.keySet().forEach(key -> tenantIds.add(key.tenantId()));
    for (String tenant : tenantIds) {
      for (LocalDate day : attribution.days(tenant, FIRST_DAY, LAST_DAY)) {
        attribution.rowsOf(tenant, day, "", true, row -> addRow(most, hours, row, stored));
      }
    }
    leaveToShards(most, stored);
    return most;
  }

  private static @Nullable Run runOf(AccountKey key, Map<AccountKey, AccountScan.Found> stored) {
    AccountScan.Found head = stored.get(key.head());
    return head == null ? null : head.run();
  }

  /// Rows say what was committed on an account and not on which of its shards. So the head may have
  /// what the other shards do not have (ledger.md#shards).
  private static void leaveToShards(
      Map<AccountKey, MicroUsd> most, Map<AccountKey, AccountScan.Found> stored) {
    stored.forEach(
        (key, found) -> {
          if (key.shard() != 0) {
            MicroUsd committed = found.account().committed();
            most.computeIfPresent(key, (same, none) -> committed);
            most.computeIfPresent(key.head(), (same, sum) -> sum.minus(committed));
          }
        });
  }

  /// The part of a decision's charge that is not in its row yet.
  private static MicroUsd missing(Reservation reservation, @Nullable Marker marker) {
    MicroUsd charge = reservation.charged();
    if (marker == null) {
      return charge;
    }
    if (marker.revision() >= reservation.revision()) {
      return MicroUsd.ZERO;
    }
    MicroUsd more = charge.minus(MicroUsd.of(marker.amounts().of(Measure.COMMITTED_USD)));
    return more.isPositive() ? more : MicroUsd.ZERO;
  }

  private static void addRow(
      Map<AccountKey, MicroUsd> most,
      Map<String, List<AccountKey>> hours,
      AttributionTable.Row row,
      Map<AccountKey, AccountScan.Found> stored) {
    RowKey key = row.key();
    MicroUsd committed = MicroUsd.of(row.amounts().of(Measure.COMMITTED_USD));
    addScope(most, hours, key, Scope.USER, key.userId(), committed);
    addScope(most, hours, key, Scope.KEY, key.keyId(), committed);
    addScope(most, hours, key, Scope.TEAM, key.teamId(), committed);
    addScope(most, hours, key, Scope.FEATURE, key.featureId(), committed);
    addScope(most, hours, key, Scope.TENANT, "-", committed);
    if (key.runId() == null) {
      return;
    }
    AccountKey own = AccountKey.total(key.tenantId(), Scope.RUN, key.runId());
    add(most, own, committed);
    AccountScan.Found found = stored.get(own);
    Run run = found == null ? null : found.run();
    if (run != null) {
      run.ancestors()
          .forEach(
              ancestor ->
                  add(most, AccountKey.total(key.tenantId(), Scope.RUN, ancestor), committed));
    }
  }

  private static void addScope(
      Map<AccountKey, MicroUsd> most,
      Map<String, List<AccountKey>> hours,
      RowKey row,
      Scope scope,
      @Nullable String id,
      MicroUsd committed) {
    if (id == null) {
      return;
    }
    for (AccountKey hour :
        hours.getOrDefault(ScopeId.partitionKey(row.tenantId(), scope, id), List.of())) {
      if (isNear(hour, row.day())) {
        add(most, hour, committed);
      }
    }
    for (Window window : Window.values()) {
      for (String period : periodsOf(window, row.day())) {
        add(most, new AccountKey(row.tenantId(), scope, id, window, period, 0), committed);
      }
    }
  }

  /// The hours that a charge of a day may have been committed on: rows do not say the hour. A day's
  /// name differs from that of the date in UTC by one, and by one more after a change of the zone.
  private static boolean isNear(AccountKey hour, LocalDate day) {
    LocalDate date = Window.startOfHour(hour.period()).atOffset(ZoneOffset.UTC).toLocalDate();
    return Math.abs(ChronoUnit.DAYS.between(date, day)) <= EXTENDED_DAYS;
  }

  /// The periods that a charge of a day may have been committed on. After a change of the tenant's
  /// time zone a week, month or quarter lasts up to two days longer than its name says.
  private static Set<String> periodsOf(Window window, LocalDate day) {
    return switch (window) {
      case HOUR -> Set.of();
      case DAY, TOTAL -> Set.of(window.periodOf(day));
      case WEEK, MONTH, QUARTER ->
          Stream.of(day, day.minusDays(EXTENDED_DAYS))
              .map(window::periodOf)
              .collect(Collectors.toSet());
    };
  }

  private static void add(Map<AccountKey, MicroUsd> most, AccountKey key, MicroUsd amount) {
    most.computeIfPresent(key, (same, sum) -> sum.plus(amount));
  }

  /// Whether no decision that touched an account can have been deleted yet.
  private boolean isYoung(
      AccountKey key, @Nullable Run run, Map<String, Optional<Instant>> tenantsMade) {
    Instant began =
        switch (key.window()) {
          case HOUR -> Window.startOfHour(key.period());
          case DAY, WEEK, MONTH, QUARTER ->
              key.window().firstDayOf(key.period()).atStartOfDay().toInstant(ZoneOffset.UTC);
          case TOTAL ->
              run != null
                  ? run.createdAt()
                  : tenantsMade
                      .computeIfAbsent(key.tenantId(), tenants::createdAt)
                      .orElse(Instant.EPOCH);
        };
    return began.isAfter(clock.instant().minus(KEPT_FOR_CERTAIN));
  }
}
