job "everything" {
  type        = "service"
  datacenters = ["dc1", "dc2"]
  region      = "global"
  namespace   = "default"
  node_pool   = "default"
  priority    = 60

  meta = {
    "owner"      = "web team"
    "dotted.key" = "100% $${x} %%{y}"
  }

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
    operator  = "="
  }

  constraint {
    value    = "true"
    operator = "distinct_hosts"
  }

  affinity {
    attribute = "${node.datacenter}"
    value     = "dc1"
    operator  = "="
    weight    = 80
  }

  spread {
    attribute = "${node.datacenter}"
    weight    = 70

    target "dc1" {
      percent = 60
    }

    target "dc2" {
      percent = 40
    }
  }

  update {
    max_parallel = 2
    stagger      = "45s"
  }

  group "front" {
    count          = 3
    shutdown_delay = "12s"

    meta {
      tier = "front"
    }

    constraint {
      attribute = "${meta.rack}"
      value     = "^r[0-9]$"
      operator  = "regexp"
    }

    network {
      mode = "bridge"
      port "www" {
        static = 8080
        to = 80
      }
      port "admin" {
        to = -1
      }
      port "metrics" {}
    }

    service {
      name        = "everything-front"
      port        = "www"
      provider    = "consul"
      tags        = ["a", "b"]
      canary_tags = ["canary"]
      on_update   = "ignore_warnings"

      meta {
        version = "1"
      }

      canary_meta {
        version = "2"
      }

      check {
        name                     = "page"
        type                     = "http"
        interval                 = "3s"
        timeout                  = "2s"
        initial_status           = "critical"
        success_before_passing   = 2
        failures_before_critical = 3
        path                     = "/health?a=b"
        protocol                 = "https"
        method                   = "POST"
        body                     = "{\"ping\": true}"
        tls_server_name          = "web.example"
        tls_skip_verify          = true

        check_restart {
          limit           = 3
          grace           = "20s"
          ignore_warnings = true
        }

        header {
          X-Check = ["1", "2"]
        }
      }

      check {
        type                     = "tcp"
        port                     = "metrics"
        interval                 = "2s"
        timeout                  = "3s"
        failures_before_critical = 2
      }

      check {
        type                     = "grpc"
        port                     = "admin"
        interval                 = "2s"
        timeout                  = "3s"
        failures_before_critical = 2
        grpc_service             = "health"
        grpc_use_tls             = true
      }

      check {
        type     = "script"
        interval = "2s"
        timeout  = "3s"
        command  = "/bin/check"
        args     = ["-v"]
        task     = "server"
      }
    }

    service {
      name         = "everything-admin"
      port         = "admin"
      provider     = "consul"
      address_mode = "alloc"
    }

    update {
      min_healthy_time = "8s"
      healthy_deadline = "1m30s"
      auto_revert      = true
      auto_promote     = true
      canary           = 1
    }

    restart {
      attempts         = 2
      interval         = "1m"
      delay            = "1.5s"
      mode             = "delay"
      render_templates = true
    }

    reschedule {
      attempts       = 3
      interval       = "1h"
      delay          = "5s"
      delay_function = "constant"
      unlimited      = false
    }

    migrate {
      max_parallel     = 1
      health_check     = "checks"
      min_healthy_time = "15s"
      healthy_deadline = "3m"
    }

    ephemeral_disk {
      size    = 500
      migrate = true
      sticky  = true
    }

    volume "data" {
      type      = "host"
      source    = "shared"
      read_only = true
    }

    task "init" {
      driver = "exec"

      config {
        command = "/bin/sh"
        args    = ["-c", "echo \"$HOME\" > x"]
      }

      lifecycle {
        hook    = "prestart"
        sidecar = false
      }
    }

    task "server" {
      driver         = "docker"
      user           = "www-data"
      leader         = true
      kill_timeout   = "25s"
      kill_signal    = "SIGQUIT"
      shutdown_delay = "1s"

      config {
        image      = "nginx:stable"
        entrypoint = ["/entry"]
        volumes    = ["local/html:/usr/share/nginx/html"]
        labels     = [{ "team" = "web" }]
        force_pull = true
        cap_add    = ["net_raw"]
      }

      meta {
        part = "server"
      }

      constraint {
        attribute = "${attr.cpu.arch}"
        value     = "arm"
        operator  = "!="
      }

      affinity {
        attribute = "${meta.fast}"
        value     = "yes"
        operator  = "="
        weight    = -20
      }

      env {
        PORT = "${NOMAD_PORT_www}"
        TEXT = "a \"b\"\n\tc \\ $${d}"
      }

      template {
        data          = <<EOH
a {
  {{ env "X" }} $${y}
}
EOH
        destination   = "local/nginx.conf"
        change_mode   = "signal"
        change_signal = "SIGHUP"
        splay         = "1s"
        perms         = "0600"
      }

      template {
        data                 = "A={{ key \"a\" }}"
        destination          = "secrets/env"
        env                  = true
        error_on_missing_key = true

        wait {
          min = "1s"
          max = "4s"
        }
      }

      template {
        source          = "local/x.tpl"
        destination     = "local/x"
        uid             = 33
        gid             = 33
        left_delimiter  = "[["
        right_delimiter = "]]"
        once            = true
      }

      template {
        data        = "y"
        destination = "local/y"
        change_mode = "script"

        change_script {
          command       = "/bin/reload"
          args          = ["now"]
          timeout       = "9s"
          fail_on_error = true
        }
      }

      artifact {
        source      = "https://example.com/a.tar.gz"
        destination = "local/a"
        mode        = "any"

        options {
          archive = "tar.gz"
        }

        headers {
          Accept = "*/*"
        }
      }

      volume_mount {
        volume           = "data"
        destination      = "/data"
        read_only        = true
        propagation_mode = "private"
      }

      resources {
        cpu        = 200
        memory     = 128
        memory_max = 256
      }

      service {
        name     = "everything-metrics"
        port     = "metrics"
        provider = "consul"
      }

      restart {
        attempts = 1
      }

      logs {
        max_files     = 3
        max_file_size = 5
        disabled      = false
      }
    }

    task "other" {
      driver = "raw_exec"

      config {
        command = "/bin/true"
      }

      lifecycle {
        hook = "poststop"
      }
    }

    task "pinned" {
      driver = "raw_exec"

      config {
        command = "/bin/sleep"
        args    = ["1"]
      }

      lifecycle {
        hook    = "poststart"
        sidecar = true
      }

      resources {
        cores  = 1
        memory = 32
      }
    }
  }
}
