package io.budgetauthority.api;

import io.budgetauthority.ledger.LedgerUnavailable;
import io.budgetauthority.tenant.ApiKeys;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.OutageSnapshots;
import io.budgetauthority.tenant.Role;
import jakarta.inject.Singleton;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;

/// Authenticates the caller and checks its role (protocol.md#roles).
@Singleton
final class Access {

  private static final String SCHEME = "Bearer ";

  private final ApiKeys keys;
  private final OutageSnapshots snapshots;

  Access(ApiKeys keys, OutageSnapshots snapshots) {
    this.keys = keys;
    this.snapshots = snapshots;
  }

  /// The caller that an `Authorization` header names. Without a valid key it gets a 401 problem.
  /// With a role other than these it gets a 403.
  Caller require(@Nullable String authorization, Role... roles) {
    if (authorization == null
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw Problem.of(
              ProblemType.UNAUTHENTICATED, "Authorization must be: Bearer, a space, an API key")
          .exception();
    }
    Caller caller =
        authenticate(authorization.substring(SCHEME.length()).strip())
            .orElseThrow(
                () ->
                    Problem.of(ProblemType.UNAUTHENTICATED, "the API key is not known")
                        .exception());
    if (!Arrays.asList(roles).contains(caller.role())) {
      throw Problem.of(
              ProblemType.FORBIDDEN, "the role " + caller.role().wireName() + " may not do this")
          .exception();
    }
    return caller;
  }

  /// Looks the key up. During an outage it uses the keys of the snapshots (protocol.md#outage).
  private Optional<Caller> authenticate(String secret) {
    try {
      return keys.authenticate(secret);
    } catch (SdkException e) {
      if (!LedgerUnavailable.isCauseOf(e)) {
        throw e;
      }
      return snapshots.authenticate(secret);
    }
  }
}
