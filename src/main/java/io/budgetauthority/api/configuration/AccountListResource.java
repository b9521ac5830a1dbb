package io.budgetauthority.api.configuration;

import io.budgetauthority.api.http.Access;
import io.budgetauthority.api.http.Page;
import io.budgetauthority.api.view.AccountView;
import io.budgetauthority.decision.Accounts;
import io.budgetauthority.ledger.Ledger;
import io.budgetauthority.ledger.Run;
import io.budgetauthority.ledger.Runs;
import io.budgetauthority.ledger.Snapshot;
import io.budgetauthority.ledger.account.Account;
import io.budgetauthority.ledger.account.EnforcedAccount;
import io.budgetauthority.ledger.account.EnforcedRate;
import io.budgetauthority.ledger.shard.Extent;
import io.budgetauthority.money.MicroUsd;
import io.budgetauthority.record.AccountKey;
import io.budgetauthority.record.Share;
import io.budgetauthority.storage.Deadline;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.RateName;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.Scope;
import io.budgetauthority.tenant.ScopeId;
import io.budgetauthority.tenant.VersionedPolicy;
import io.budgetauthority.tenant.Window;
import io.budgetauthority.tenant.store.Ceilings;
import io.budgetauthority.tenant.store.Policies;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Lists the ceilings of a tenant with the sums of their running periods (protocol.md#accounts).
@Path("/budget/accounts")
@Produces(MediaType.APPLICATION_JSON)
public final class AccountListResource {

  private final Access access;
  private final CeilingList list;
  private final Ledger ledger;
  private final Policies policies;
  private final Clock clock;

  AccountListResource(
      Access access, Ceilings ceilings, Runs runs, Ledger ledger, Policies policies, Clock clock) {
    this.access = access;
    this.list = new CeilingList(ceilings, runs);
    this.ledger = ledger;
    this.policies = policies;
    this.clock = clock;
  }

  @GET
  public Page<AccountView> list(
      @QueryParam("scope") @Nullable String scope,
      @QueryParam("id") @Nullable String id,
      @QueryParam("limit") @Nullable String limit,
      @QueryParam("after") @Nullable String after) {
    Caller caller = access.require(Role.GATEWAY, Role.AGENT, Role.VIEWER, Role.ADMIN);
    Page<CeilingList.Entry> page = list.page(caller, scope, id, limit, after);
    return new Page<>(read(caller, page.items()), page.next());
  }

  private List<AccountView> read(Caller caller, List<CeilingList.Entry> entries) {
    VersionedPolicy policy = policies.of(caller.tenantId());
    Instant now = Instant.ofEpochMilli(clock.millis());
    Map<CeilingList.Entry, EnforcedAccount> unread = new LinkedHashMap<>();
    Map<CeilingList.Entry, EnforcedRate> unreadRates = new LinkedHashMap<>();
    for (CeilingList.Entry entry : entries) {
      ScopeId scopeId = entry.scopeId();
      switch (entry.window()) {
        case RateName name ->
            unreadRates.put(entry, Accounts.ofRate(scopeId, name, entry.ceiling(), policy, now));
        case Window window when scopeId.scope() != Scope.RUN ->
            unread.put(entry, Accounts.ofCeiling(scopeId, window, entry.ceiling(), policy, now));
        case Window total -> {}
      }
    }
    Snapshot seen =
        ledger.read(
            null,
            caller.tenantId(),
            unread.values().stream().map(enforced -> enforced.account().key()).toList(),
            unreadRates.values().stream().map(EnforcedRate::key).toList(),
            entries.stream()
                .map(CeilingList.Entry::scopeId)
                .filter(scopeId -> scopeId.scope() == Scope.RUN)
                .map(scopeId -> scopeId.id())
                .toList(),
            Extent.WHOLE,
            Deadline.ofRequest());
    Map<AccountKey, Account> stored = seen.accountsAt(now);
    List<Share> shares = new ArrayList<>();
    for (CeilingList.Entry entry : entries) {
      EnforcedRate rate = unreadRates.get(entry);
      EnforcedAccount enforced = unread.get(entry);
      Run run = seen.runs().get(entry.scopeId().id());
      if (rate != null) {
        shares.add(seen.over(rate).sharing(MicroUsd.ZERO));
      } else if (enforced != null) {
        shares.add(Accounts.withSums(enforced, stored).sharing(MicroUsd.ZERO));
      } else if (run != null) {
        shares.add(Accounts.ofRun(run.at(now), policy.policy()).sharing(MicroUsd.ZERO));
      }
    }
    return AccountView.of(shares, caller);
  }
}
