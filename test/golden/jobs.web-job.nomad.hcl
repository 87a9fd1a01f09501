job "hello-world" {
  type        = "service"
  datacenters = ["*"]

  group "servers" {
    count          = 2
    shutdown_delay = "10s"

    spread {
      attribute = "${node.unique.id}"
    }

    network {
      port "www" {
        to = 8001
      }
    }

    service {
      name     = "hello-world-servers"
      port     = "www"
      provider = "consul"

      check {
        type                     = "http"
        interval                 = "2s"
        timeout                  = "3s"
        failures_before_critical = 2
        path                     = "/"
      }
    }

    update {
      max_parallel      = 1
      health_check      = "checks"
      min_healthy_time  = "5s"
      healthy_deadline  = "2m"
      progress_deadline = "3m"
      auto_revert       = true
      auto_promote      = true
      canary            = 1
    }

    restart {
      attempts = 3
      interval = "1m"
      delay    = "1s"
      mode     = "fail"
    }

    reschedule {
      delay          = "5s"
      delay_function = "exponential"
      max_delay      = "5m"
      unlimited      = true
    }

    migrate {
      max_parallel     = 1
      health_check     = "checks"
      min_healthy_time = "5s"
      healthy_deadline = "2m"
    }

    task "web" {
      driver       = "docker"
      kill_timeout = "10s"

      config {
        image   = "busybox:1"
        command = "httpd"
        args    = ["-v", "-f", "-p", "${NOMAD_PORT_www}", "-h", "/local"]
        ports   = ["www"]
      }

      template {
        data        = "<h1>Hello, Nomad!</h1>"
        destination = "local/index.html"
        change_mode = "noop"
      }
    }
  }
}
