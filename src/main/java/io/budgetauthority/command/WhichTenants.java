package io.budgetauthority.command;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The options that name the tenants which a command works on. One of the two must be stated.
final class WhichTenants {

  @Option(names = "--all", required = true, description = "all tenants")
  private boolean all;

  @Option(names = "--tenant", required = true, description = "one tenant")
  private @Nullable String tenant;

  /// The tenant's id; empty for all tenants.
  String tenantId() {
    return all || tenant == null ? "" : tenant;
  }
}
