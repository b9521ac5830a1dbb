package io.budgetauthority.console;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// The settings of the console, which `docs/how-to/operate.md` has in its table.
@ConfigMapping(prefix = "budget")
public interface ConsoleConfig {

  /// whether `/console` is served; `false` in a deployment unless its parameter `Console` is `on`
  @WithDefault("true")
  boolean console();
}
