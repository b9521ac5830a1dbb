package io.budgetauthority.local;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.budgetauthority.tenant.Role;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.Comparator;
import java.util.List;

/// The demo keys, so that the console signs in with one click. They are no secrets, and this is in
/// the local build alone.
@Path("/local/keys")
@Produces(MediaType.APPLICATION_JSON)
public final class LocalKeysResource {

  /// A demo key.
  public record DemoKey(@JsonProperty("role") Role role, @JsonProperty("secret") String secret) {}

  /// The demo keys by their roles.
  public record DemoKeys(@JsonProperty("keys") List<DemoKey> keys) {
    public DemoKeys {
      keys = List.copyOf(keys);
    }
  }

  @GET
  public DemoKeys list() {
    return new DemoKeys(
        FirstData.KEYS.entrySet().stream()
            .map(key -> new DemoKey(key.getValue().role(), key.getKey()))
            .sorted(Comparator.comparing(DemoKey::role))
            .toList());
  }
}
