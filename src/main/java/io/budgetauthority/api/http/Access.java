package io.budgetauthority.api.http;

import io.budgetauthority.api.problem.Problem;
import io.budgetauthority.api.problem.ProblemType;
import io.budgetauthority.storage.StorageUnavailable;
import io.budgetauthority.tenant.Caller;
import io.budgetauthority.tenant.Role;
import io.budgetauthority.tenant.store.ApiKeys;
import io.budgetauthority.tenant.store.OutageSnapshots;
import jakarta.inject.Singleton;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.HttpHeaders;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Authenticates the caller of the request that this thread answers, and checks its role
/// (protocol.md#roles).
@Singleton
public final class Access {

  private static final String PREFIX = "Bearer ";

  private final ApiKeys keys;
  private final OutageSnapshots snapshots;
  private final HttpHeaders headers;

  /// @param headers those of the request that the calling thread answers
  public Access(ApiKeys keys, OutageSnapshots snapshots, @Context HttpHeaders headers) {
    this.keys = keys;
    this.snapshots = snapshots;
    this.headers = headers;
  }

  /// The caller that the `Authorization` header names. Without a valid key it gets a 401 problem.
  /// With a role other than these it gets a 403.
  public Caller require(Role... roles) {
    String authorization = firstAuthorization();
    if (authorization == null
        || !authorization.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
      throw Problem.of(
              ProblemType.UNAUTHENTICATED, "Authorization must be: Bearer, a space, an API key")
          .exception();
    }
    Caller caller =
        authenticate(authorization.substring(PREFIX.length()).strip())
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

  private @Nullable String firstAuthorization() {
    return headers.getRequestHeader(HttpHeaders.AUTHORIZATION).stream().findFirst().orElse(null);
  }

  /// Looks the key up. During an outage it uses the keys of the snapshots (protocol.md#outage).
  private Optional<Caller> authenticate(String secret) {
    try {
      return keys.authenticate(secret);
    } catch (StorageUnavailable e) {
      return snapshots.authenticate(secret);
    }
  }
}
