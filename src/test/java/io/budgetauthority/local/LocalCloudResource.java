package io.budgetauthority.local;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A local cloud for the application under test, in memory and on free ports.
public final class LocalCloudResource implements QuarkusTestResourceLifecycleManager {

  private @Nullable LocalCloud cloud;

  @Override
  public Map<String, String> start() {
    cloud = LocalCloud.start(LocalSettings.inMemory());
    return cloud.config();
  }

  @Override
  public void stop() {
    if (cloud != null) {
      cloud.close();
    }
  }
}
